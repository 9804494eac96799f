package dev.ringfence.runner.abuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ringfence.catalog.FenceTier;
import dev.ringfence.runner.Patience;
import dev.ringfence.runner.fence.FencedCommand;
import dev.ringfence.runner.fence.FencedProcess;
import dev.ringfence.runner.fence.HostFences;
import dev.ringfence.runner.fence.OneTier;
import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.ProcessEnd;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The service under attack, as a process of its own: it runs the hostile programs that it is told on its standard input,
 * one name a line, beside a job that means no harm, and answers each with a line of JSON.
 *
 * <p>Its little heap is part of the test: whoever makes it keep what a program writes makes it fail.
 */
final class Victim implements AutoCloseable {
    /** In the environment of the service, which is told nowhere else. */
    static final String SECRET = "RINGFENCE_ABUSE_SECRET";

    /** In the environment of every job, by which what is left of it is found. */
    static final String MARK = "RINGFENCE_ABUSE_JOB";

    static final int KEPT_OF_OUTPUT = 256 * 1024;

    private static final Duration LONG = Duration.ofMinutes(2);

    private final HostFences fence;
    private final Surroundings around;
    private final HostState host;
    private final FencedProcess bystander;
    private final AtomicLong ticks = new AtomicLong();
    private int number;

    private Victim(HostFences fence, Surroundings around, HostState host) {
        this.fence = fence;
        this.around = around;
        this.host = host;
        this.bystander = fence.start(
                command(
                        "bystander",
                        List.of("/bin/sh", "-c", "while echo tick; do sleep 0.05; done"),
                        Duration.ofHours(1)),
                (_, _) -> ticks.incrementAndGet());
    }

    /** Arguments: the directory of the surroundings, the tier. */
    public static void main(String[] arguments) throws IOException {
        Patience.begin();
        long self = ProcessHandle.current().pid();
        try (var loopback = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                var fence = HostFences.on(OneTier.of(FenceTier.valueOf(arguments[1]), "abuse" + self));
                var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            var _ = fence.sweep();
            var around = new Surroundings(Path.of(arguments[0]), self, loopback.getLocalPort());
            try (var host = HostState.around(around);
                    var victim = new Victim(fence, around, host)) {
                for (var name = input.readLine(); name != null; name = input.readLine()) {
                    System.out.println(victim.suffer(name));
                }
            }
        }
    }

    /** Runs one case; what is wrong with its outcome is in the answer. */
    private String suffer(String name) {
        var answer = new ObjectMapper().createObjectNode().put("case", name);
        try {
            var found = Cases.all().stream()
                    .filter(candidate -> candidate.name().equals(name))
                    .findFirst()
                    .orElseThrow();
            suffer(found);
        } catch (RuntimeException | AssertionError e) {
            answer.put("failure", e.toString());
        }
        return answer.toString();
    }

    private void suffer(Case hostile) {
        var before = host.look();
        long ticked = ticks.get();
        var argv = new ArrayList<>(
                List.of(around.program().toString(), hostile.program(), Long.toString(around.service())));
        argv.addAll(hostile.arguments().apply(around));
        var mark = around.mark("job-" + ++number);
        var command = new FencedCommand(
                mark,
                hostile.profile().apply(around),
                argv,
                Map.of(MARK, mark, "PATH", "/usr/bin:/bin"),
                new byte[0],
                List.of(around.programs()),
                0,
                hostile.deadline(),
                KEPT_OF_OUTPUT);

        var result = fence.start(command, OutputListener.NONE).result().await().atMost(LONG);

        var attack = new Attack(result);
        assertThat(host.processesMarked(mark)).as("survivors").isEmpty();
        hostile.expectation().accept(attack);
        if (!hostile.breaks()) {
            assertThat(attack.stdout()).doesNotContain("BROKE");
        }
        assertThat(attack.stdout() + new String(result.stderr().bytes(), StandardCharsets.UTF_8))
                .doesNotContain(Objects.requireNonNull(System.getenv(SECRET)));
        await("the host is as it was")
                .untilAsserted(() -> assertThat(host.look()).isEqualTo(before));
        await("the other job runs on").until(() -> ticks.get() > ticked + 2);
    }

    private FencedCommand command(String name, List<String> argv, Duration deadline) {
        return new FencedCommand(
                name,
                Shape.ordinary(),
                argv,
                Map.of(MARK, around.mark(name), "PATH", "/usr/bin:/bin"),
                new byte[0],
                List.of(),
                0,
                deadline,
                1024);
    }

    /** The other job came to no harm. */
    @Override
    public void close() {
        bystander.stop();
        var result = bystander.result().await().atMost(LONG);
        assertThat(result.end()).isEqualTo(new ProcessEnd.Stopped());
        assertThat(result.limitsHit()).isEmpty();
    }
}
