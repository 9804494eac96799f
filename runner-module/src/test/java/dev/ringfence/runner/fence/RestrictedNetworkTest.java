package dev.ringfence.runner.fence;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.catalog.SandboxProfile.Destination;
import dev.ringfence.catalog.SandboxProfile.Filesystem;
import dev.ringfence.catalog.SandboxProfile.Network;
import dev.ringfence.catalog.SandboxProfile.NetworkAccess;
import dev.ringfence.runner.fence.egress.EgressUsage;
import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.ProcessEnd;
import dev.ringfence.runner.process.Stream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real programs, well-behaved and hostile, in fences with a restricted network. */
class RestrictedNetworkTest {
    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final Duration LONG = Duration.ofMinutes(2);
    private static final byte[] ANSWER = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\norigin".getBytes(ISO_8859_1);

    @TempDir
    static Path directory;

    private static HostFences fence;

    private final List<String> noticed = new CopyOnWriteArrayList<>();
    private final AtomicInteger visitors = new AtomicInteger();
    private ServerSocket origin;
    private ServerSocket other;

    @BeforeAll
    static void build() throws Exception {
        fence = HostFences.on(
                FenceSettings.of("network" + ProcessHandle.current().pid()));
        var program = directory.resolve("network");
        var compiler = new ProcessBuilder(
                        "gcc", "-O1", "-o", program.toString(), "src/test/c/network/network.c", "-lpthread")
                .inheritIO()
                .start();
        assertThat(compiler.waitFor()).isZero();
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    @AfterAll
    static void close() {
        fence.close();
    }

    @BeforeEach
    void listen() throws IOException {
        origin = serve();
        other = serve();
    }

    @AfterEach
    void stop() throws IOException {
        origin.close();
        other.close();
    }

    @Test
    void aListedDestinationIsReachedThroughTheProxyPlainlyAndByATunnel() {
        var url = "http://127.0.0.1:" + origin.getLocalPort() + "/";

        var result = run(listed(origin), "curl -sS " + url + "; echo; curl -sS -p " + url);

        assertThat(stdout(result)).isEqualTo("origin\norigin");
        assertThat(result.limitsHit()).isEmpty();
        var network = result.network().orElseThrow();
        assertThat(network.connections()).isEqualTo(2);
        assertThat(network.bytesSent()).isPositive();
        assertThat(network.bytesReceived()).isEqualTo(2L * ANSWER.length);
        assertThat(network.refused()).isZero();
    }

    @Test
    void whatIsNotListedIsRefusedNoticedAndNamed() {
        var destination = "127.0.0.1:" + other.getLocalPort();

        var result =
                run(listed(origin), "curl -sS http://" + destination + "/; curl -sS -p http://" + destination + "/");

        assertThat(stdout(result)).startsWith(destination + " is refused: ");
        assertThat(visitors).hasValue(0);
        assertThat(result.network().map(EgressUsage::refused)).contains(2L);
        assertThat(noticed).hasSize(2).allMatch(notice -> notice.contains(destination));
        assertThat(result.limitsHit())
                .containsExactly(new LimitHit(
                        "network.allowed_destinations", "the listed destinations", "2 refused: " + destination));
    }

    @Test
    void everyOtherDoorIsClosedAndDirectConnectionsAreNoticed() {
        var result = run(listed(origin), directory + "/network doors " + origin.getLocalPort());

        assertThat(stdout(result)).isEqualTo("""
                direct ECONNREFUSED
                metadata EACCES
                mapped EACCES
                udp EPERM
                udp6 EPERM
                raw EPERM
                packet EAFNOSUPPORT
                netlink EAFNOSUPPORT
                sctp EPERM
                mptcp EPERM
                fastopen EPERM
                fastopen message EPERM
                short EINVAL
                unmapped EFAULT
                kernel EFAULT
                """);
        assertThat(visitors).hasValue(0);
        assertThat(noticed).hasSize(2).allMatch(notice -> notice.contains("169.254.169.254:80"));
    }

    @Test
    void aConnectionToTheProxyBehavesAsProgramsExpectAndLeadsNowhereElse() {
        var result = run(listed(origin), directory + "/network handle " + origin.getLocalPort());

        assertThat(stdout(result)).isEqualTo("""
                before ok
                connect ok
                flags 1 1
                after ok
                keepalive ok
                dissolve EINVAL
                again EINVAL
                listen EINVAL
                connect ok
                flags 0 0
                HTTP/1.1 400
                pipe ENOTSOCK
                closed EBADF
                """);
        assertThat(visitors).hasValue(0);
    }

    @Test
    void withinTheJobServersAndUnixSocketsWork() {
        assertThat(stdout(run(listed(origin), directory + "/network own")))
                .isEqualTo("bind ok\nlisten ok\nconnect ok\nunix ok\n");
    }

    @Test
    void anAddressThatChangesWhileItIsLookedAtReachesNothing() {
        var result = run(listed(other), directory + "/network race " + origin.getLocalPort());

        assertThat(stdout(result)).isEqualTo("reached 0\n");
        assertThat(visitors).hasValue(0);
    }

    @Test
    void aJobWhoseProcessesEndInTheMiddleOfTheirQuestionsIsServedOn() {
        var result = run(listed(origin), directory + "/network vanish");

        assertThat(result.end()).isEqualTo(new ProcessEnd.Exited(0));
        assertThat(stdout(result)).isEqualTo("connect ok\n");
    }

    @Test
    void aFloodOfConnectionsDoesNotHoldUpTheDeadline() {
        var result = run(listed(origin), directory + "/network flood", Duration.ofSeconds(2));

        assertThat(result.end()).isEqualTo(new ProcessEnd.TimedOut(Duration.ofSeconds(2)));
    }

    @Test
    void withoutDestinationsEveryoneIsRefused() {
        var result = run(
                new Network(NetworkAccess.RESTRICTED, List.of(), 100),
                "curl -sS http://127.0.0.1:" + origin.getLocalPort() + "/");

        assertThat(stdout(result)).contains("is refused");
        assertThat(visitors).hasValue(0);
        assertThat(result.report().entries())
                .filteredOn(entry -> entry.field().equals("network.max_bandwidth_mbps"))
                .singleElement()
                .satisfies(entry -> assertThat(entry.value()).isEqualTo("12500000 bytes/s"));
    }

    private static Network listed(ServerSocket server) {
        return new Network(
                NetworkAccess.RESTRICTED, List.of(new Destination("127.0.0.1", server.getLocalPort(), "tcp")), 0);
    }

    private FencedResult run(Network network, String script) {
        return run(network, script, LONG);
    }

    private FencedResult run(Network network, String script, Duration deadline) {
        var base = Profiles.with(network);
        var profile = new SandboxProfile(
                base.name(),
                base.resources(),
                new Filesystem(List.of(directory.toString()), List.of(), List.of(), true, DataSize.ofMegabytes(1)),
                base.processLimits(),
                network,
                base.security());
        var command = new FencedCommand(
                "network-" + NUMBER.incrementAndGet(),
                profile,
                List.of("/bin/sh", "-c", script),
                Map.of("PATH", "/usr/bin:/bin", "HOME", "/tmp"),
                new byte[0],
                List.of(),
                0,
                deadline,
                100_000);
        var listener = new OutputListener() {
            @Override
            public void wrote(Stream stream, byte[] chunk) {}

            @Override
            public void noticed(String what) {
                noticed.add(what);
            }
        };
        return fence.start(command, listener).result().await().atMost(LONG);
    }

    /** Answers every visitor at once, whatever is asked. */
    private ServerSocket serve() throws IOException {
        var server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            while (true) {
                try (var visitor = server.accept()) {
                    visitors.incrementAndGet();
                    // A request fits into one read here; what is not read would reset the connection.
                    int _ = visitor.getInputStream().read(new byte[4096]);
                    visitor.getOutputStream().write(ANSWER);
                } catch (IOException e) {
                    if (server.isClosed()) {
                        return;
                    }
                }
            }
        });
        return server;
    }

    private static String stdout(FencedResult result) {
        return new String(result.stdout().bytes(), UTF_8);
    }
}
