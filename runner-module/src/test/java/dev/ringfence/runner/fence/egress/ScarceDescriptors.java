package dev.ringfence.runner.fence.egress;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.ringfence.catalog.SandboxProfile.Network;
import dev.ringfence.catalog.SandboxProfile.NetworkAccess;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import org.jboss.logging.Logger;

/** A process with a proxy and one client of it, which another process takes the descriptors from. */
final class ScarceDescriptors {
    private static final Duration LONGEST = Duration.ofMinutes(2);
    private static final EgressPolicy POLICY = EgressPolicy.of(new Network(NetworkAccess.RESTRICTED, List.of(), 0));

    private ScarceDescriptors() {}

    public static void main(String[] none) throws IOException {
        Thread.ofPlatform().daemon().start(ScarceDescriptors::endInTime);
        var in = new BufferedReader(new InputStreamReader(System.in, US_ASCII));
        try (var service = new Egress(EgressLimits.DEFAULT);
                var egress = service.open("scarce", POLICY, refusal -> {})) {
            var address = UnixDomainSocketAddress.of(egress.socket());
            // What it needs later is loaded now.
            Logger.getLogger(JobEgress.class).errorf(new IOException("none yet"), "%s", exchange(address));
            try (var client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                System.out.println("ready");
                in.readLine();
                client.connect(address);
                in.readLine();
                System.out.println(exchange(client));
            }
            in.readLine();
            try (var another = service.open("another", POLICY, refusal -> {})) {
                System.out.println("opened at " + another.socket());
            } catch (UncheckedIOException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    private static String exchange(UnixDomainSocketAddress address) throws IOException {
        try (var client = SocketChannel.open(address)) {
            return exchange(client);
        }
    }

    private static String exchange(SocketChannel client) throws IOException {
        client.write(ByteBuffer.wrap("CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n".getBytes(US_ASCII)));
        var answer = ByteBuffer.allocate(4096);
        client.read(answer);
        return new String(answer.array(), 0, answer.position(), US_ASCII);
    }

    private static void endInTime() {
        try {
            Thread.sleep(LONGEST);
        } catch (InterruptedException e) {
            return;
        }
        Runtime.getRuntime().halt(1);
    }
}
