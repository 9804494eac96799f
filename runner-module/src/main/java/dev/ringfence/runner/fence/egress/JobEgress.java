package dev.ringfence.runner.fence.egress;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/**
 * One job's proxy, on a socket that only this process can connect to.
 *
 * <p>Thread-safe. Each connection has two virtual threads, one for each direction, which block: what the slower side
 * does not take is not read from the faster one.
 */
public final class JobEgress implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(JobEgress.class);
    private static final Duration ROUND = Duration.ofMillis(250);

    private final String job;
    private final EgressPolicy policy;
    private final EgressLimits limits;
    private final Resolver resolver;
    private final Consumer<Refusal> listener;
    private final Bandwidth bandwidth;
    private final ProxySocket socket;
    private final AtomicLong established = new AtomicLong();
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong received = new AtomicLong();

    /** Guards what follows. */
    private final Object lock = new Object();

    private final Set<Connection> connections = new HashSet<>();
    private final List<Refusal> refusals = new ArrayList<>();
    private long refused;
    private boolean closed;

    JobEgress(String job, EgressPolicy policy, EgressLimits limits, Resolver resolver, Consumer<Refusal> listener) {
        this.job = job;
        this.policy = policy;
        this.limits = limits;
        this.resolver = resolver;
        this.listener = listener;
        this.bandwidth = new Bandwidth(policy.bytesPerSecond());
        try {
            socket = ProxySocket.open();
        } catch (IOException e) {
            throw new UncheckedIOException("the proxy for job " + job + " could not be opened", e);
        }
        Thread.ofVirtual().name("egress-" + job).start(this::accept);
        Thread.ofVirtual().name("egress-idle-" + job).start(this::closeIdle);
    }

    /** Where this process can connect to the proxy, until it is closed. */
    public Path socket() {
        return socket.place().path();
    }

    /** Notes that something else than the proxy refused a destination. */
    public void refuse(Refusal refusal) {
        synchronized (lock) {
            refused++;
            if (refusals.size() < limits.refusals()) {
                refusals.add(refusal);
                listener.accept(refusal);
            }
        }
    }

    /** What has gone through so far. */
    public EgressUsage usage() {
        synchronized (lock) {
            return new EgressUsage(established.get(), sent.get(), received.get(), refused, refusals);
        }
    }

    /** Closes all connections. A second call does nothing. */
    @Override
    public void close() {
        List<Connection> open;
        synchronized (lock) {
            if (closed) {
                return;
            }
            closed = true;
            open = List.copyOf(connections);
        }
        try {
            socket.close();
        } catch (IOException e) {
            LOG.warnf(e, "closing the proxy of job %s failed", job);
        }
        open.forEach(Connection::close);
    }

    private void accept() {
        boolean told = false;
        while (true) {
            try {
                serve(socket.server().accept());
            } catch (ClosedChannelException e) {
                return; // the job has ended
            } catch (IOException | RuntimeException e) {
                // Such as no descriptor left. It passes, and whoever connects waits till then.
                if (!told) {
                    LOG.errorf(e, "the proxy of job %s cannot take a connection now, and goes on trying", job);
                    told = true;
                }
                if (!paused()) {
                    return;
                }
            }
        }
    }

    private static boolean paused() {
        try {
            Thread.sleep(ROUND);
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }

    private void serve(SocketChannel client) throws IOException {
        var connection = new Connection(client);
        boolean room;
        synchronized (lock) {
            if (closed) {
                client.close();
                return;
            }
            room = connections.size() < limits.connections();
            if (room) {
                connections.add(connection);
            }
        }
        if (room) {
            Thread.ofVirtual().name("egress-" + job).start(connection::run);
        } else {
            // Without a thread and without reading: a flood of connections must not cost more than it gets.
            connection.turnAway();
        }
    }

    private void closeIdle() {
        while (true) {
            List<Connection> open;
            synchronized (lock) {
                if (closed) {
                    return;
                }
                open = List.copyOf(connections);
            }
            long now = System.nanoTime();
            open.forEach(connection -> connection.closeIfIdle(now));
            if (!paused()) {
                return;
            }
        }
    }

    /** One connection's view of its job. */
    private final class Connection extends ProxyConnection {
        Connection(SocketChannel client) {
            super(client, policy, limits, resolver, bandwidth);
        }

        @Override
        void refused(Refusal refusal) {
            refuse(refusal);
        }

        @Override
        void connected() {
            established.incrementAndGet();
        }

        @Override
        void moved(boolean up, int bytes) {
            (up ? sent : received).addAndGet(bytes);
        }

        @Override
        void ended() {
            synchronized (lock) {
                connections.remove(this);
            }
        }
    }
}
