package dev.ringfence.runner.fence;

import dev.ringfence.runner.fence.egress.JobEgress;
import dev.ringfence.runner.fence.egress.Refusal;
import dev.ringfence.runner.process.CallDecider;
import dev.ringfence.runner.process.Errno;
import dev.ringfence.runner.process.NotifiedCall;
import dev.ringfence.runner.process.UnixConnection;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jboss.logging.Logger;

/**
 * Answers a job's connect(2). A connection to the proxy's address becomes one to the job's proxy: a unix socket whose
 * other end is the service's, put in the place of the program's own TCP socket. So the job never holds a socket of the
 * host's network, and what it holds can reach nothing else whatever is done with it.
 *
 * <p>In a network namespace of its own, connections to loopback addresses and unix sockets are let through. The address
 * was read from the program's memory and may be another one by the time that the kernel reads it again; that gives the
 * program nothing, as all its sockets belong to that namespace, which has a loopback and no more, and to its own mounts.
 * Without such a namespace nothing is let through.
 */
final class NetworkCalls implements CallDecider {
    private static final Logger LOG = Logger.getLogger(NetworkCalls.class);

    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int LONGEST_ADDRESS = 128;
    private static final int INET_BYTES = 8;
    private static final int INET6_BYTES = 24;

    private static final int O_NONBLOCK = 0x800;
    private static final int O_CLOEXEC = 0x80000;

    private final JobEgress egress;
    private final boolean ownNamespace;
    private boolean told;
    private final InetAddress proxy = InetAddress.ofLiteral(NetworkPlan.PROXY_ADDRESS);

    /**
     * Decides for one job.
     *
     * @param ownNamespace whether the job has a network namespace of its own
     */
    NetworkCalls(JobEgress egress, boolean ownNamespace) {
        this.egress = egress;
        this.ownNamespace = ownNamespace;
    }

    /** Only connect(2) is asked about. */
    @Override
    public void decide(NotifiedCall call) {
        try {
            connect(call);
        } catch (IOException e) {
            LOG.debugf(e, "a connection of thread %d could not be looked at", call.thread());
            var _ = call.fail(Errno.EFAULT);
        } catch (RuntimeException e) {
            // Once, since the job may know how to make it happen again.
            LOG.logf(
                    told ? Logger.Level.DEBUG : Logger.Level.ERROR,
                    e,
                    "a connection of thread %d failed for a reason that is none of the job's",
                    call.thread());
            told = true;
            var _ = call.fail(Errno.EIO);
        }
    }

    private void connect(NotifiedCall call) throws IOException {
        long length = call.argument(2) & 0xFFFF_FFFFL;
        if (length < Short.BYTES || length > LONGEST_ADDRESS) {
            var _ = call.fail(Errno.EINVAL);
            return;
        }
        if (call.argument(1) <= 0) {
            var _ = call.fail(Errno.EFAULT);
            return;
        }
        var address =
                ByteBuffer.wrap(call.memory(call.argument(1), (int) length)).order(ByteOrder.nativeOrder());
        if (address.remaining() < length) {
            var _ = call.fail(Errno.EFAULT);
            return;
        }
        int family = address.getShort(0) & 0xFFFF;
        if (family == AF_INET && length >= INET_BYTES) {
            connect(call, host(address, 4, 4), port(address));
        } else if (family == AF_INET6 && length >= INET6_BYTES) {
            connect(call, host(address, 8, 16), port(address));
        } else if (ownNamespace) {
            var _ = call.proceed();
        } else {
            var _ = call.fail(Errno.EACCES);
        }
    }

    private void connect(NotifiedCall call, InetAddress host, int port) throws IOException {
        if (host.equals(proxy) && port == NetworkPlan.PROXY_PORT) {
            lead(call);
        } else if (ownNamespace && host.isLoopbackAddress()) {
            var _ = call.proceed();
        } else {
            var literal = host.getHostAddress();
            egress.refuse(new Refusal(
                    (literal.contains(":") ? "[" + literal + "]" : literal) + ":" + port,
                    "it was connected to directly; programs reach listed destinations through the proxy that"
                            + " HTTP_PROXY names"));
            var _ = call.fail(Errno.EACCES);
        }
    }

    /** Puts a connection to the job's proxy in the place of the program's socket. */
    private void lead(NotifiedCall call) throws IOException {
        int target = (int) call.argument(0);
        var process = Path.of("/proc", Integer.toString(call.thread()));
        int flags;
        try {
            if (!Files.readSymbolicLink(process.resolve("fd/" + target))
                    .toString()
                    .startsWith("socket:")) {
                var _ = call.fail(Errno.ENOTSOCK);
                return;
            }
            flags = flags(process.resolve("fdinfo/" + target));
        } catch (IOException e) {
            var _ = call.fail(Errno.EBADF);
            return;
        }
        try (var connection = UnixConnection.to(egress.socket(), (flags & O_NONBLOCK) == 0)) {
            if (call.install(connection, target, flags & O_CLOEXEC)) {
                var _ = call.succeed(0);
            }
        } catch (IOException e) {
            LOG.debugf(e, "the proxy takes no connection of thread %d", call.thread());
            var _ = call.fail(Errno.ECONNREFUSED);
        }
    }

    /** In octal, as proc(5) says. */
    private static int flags(Path fdinfo) throws IOException {
        for (var line : Files.readAllLines(fdinfo)) {
            if (line.startsWith("flags:")) {
                return Integer.parseInt(line.substring("flags:".length()).strip(), 8);
            }
        }
        throw new IOException(fdinfo + " tells no flags");
    }

    private static InetAddress host(ByteBuffer address, int offset, int length) throws UnknownHostException {
        // Also makes an IPv4 address of one that is mapped into IPv6.
        byte[] bytes = new byte[length];
        address.get(offset, bytes);
        return InetAddress.getByAddress(bytes);
    }

    private static int port(ByteBuffer address) {
        return address.duplicate().order(ByteOrder.BIG_ENDIAN).getShort(2) & 0xFFFF;
    }
}
