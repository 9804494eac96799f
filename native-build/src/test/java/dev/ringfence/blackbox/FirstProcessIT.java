package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The service as the first process of a process namespace, as in a container: nobody else waits for orphans there. */
class FirstProcessIT {
    /** Each leaves its parent, its session and its process group behind, and does not listen to signals. */
    private static final String ESCAPES = """
            for i in 1 2; do
              (trap '' TERM HUP INT; setsid sh -c "trap '' TERM HUP INT; (sleep %1$s & sleep %1$s) & sleep %1$s" &)
            done
            (sh -c 'exit 3' & sh -c 'exit 4' &)
            """;

    @TempDir
    Path directory;

    /** Jobs in the tier landlock have users of their own, and pass it on the way to their workspace. */
    @BeforeEach
    void open() throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"namespaces", "landlock"})
    void nothingOfAJobLivesOnNorStaysUnwaitedForHoweverItEnds(String tier) {
        try (var service = start(tier)) {
            for (var end : List.of("exit 0", "kill -9 $$", "sleep 60")) {
                var rare = HostProcesses.rareDuration();

                var job = service.api()
                        .runShell(
                                ESCAPES.formatted(rare) + "sleep 0.2; " + end,
                                request -> request.put("deadline_seconds", 2));

                assertThat(job.path("state").asText()).as(job.toString()).isIn("completed", "timed_out");
                assertThat(job.path("result").path("fence").path("tier").asText())
                        .isEqualTo(tier);
                assertThat(HostProcesses.with("sleep " + rare)).isEmpty();
                assertThat(service.processes()).as(end).noneMatch(FirstProcessIT::zombie);
            }
            var cancelled = HostProcesses.rareDuration();
            var id = service.api().submitShell(ESCAPES.formatted(cancelled) + "sleep 60", request -> {});
            await().until(() -> HostProcesses.with("sleep " + cancelled).size() >= 6);
            assertThat(service.api().delete("/api/v1/jobs/" + id).statusCode()).isEqualTo(200);

            assertThat(HostProcesses.with("sleep " + cancelled)).isEmpty();
            assertThat(service.processes()).as("what is left").noneMatch(FirstProcessIT::zombie);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"namespaces", "landlock"})
    void aStrangersProcessesAreLeftAloneAndWaitedForOnceTheyEnd(String tier) {
        try (var service = start(tier)) {
            var rare = HostProcesses.rareDuration();
            // As a probe or an administrator does with kubectl exec: what that leaves behind becomes the service's
            // child.
            service.execute("(sleep " + rare + " >/dev/null 2>&1 &); (true &)");

            var job = service.api().runShell(ESCAPES.formatted(HostProcesses.rareDuration()));

            assertThat(job.path("state").asText()).isEqualTo("completed");
            assertThat(HostProcesses.with("sleep " + rare)).hasSize(1);
            service.execute("kill $(pgrep -f '^sleep " + rare + "')");
            await().untilAsserted(() -> assertThat(service.processes())
                    .noneMatch(FirstProcessIT::zombie)
                    .noneMatch(process -> process.contains(rare)));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"namespaces", "landlock"})
    void aSignalEndsTheServiceAndItsJobs(String tier) {
        var rare = HostProcesses.rareDuration();
        String id;
        try (var service = start(tier, Map.of("RINGFENCE_DRAIN_TIMEOUT", "1s"))) {
            id = service.api().submitShell(ESCAPES.formatted(rare) + "sleep 60", request -> {});
            await().until(() -> HostProcesses.with("sleep " + rare).size() >= 6);

            service.terminate();

            assertThat(service.awaitEnd()).as(service.log()).isIn(0, 143);
            assertThat(HostProcesses.with("sleep " + rare)).isEmpty();
        }
        try (var again = start(tier)) {
            assertThat(again.api().state(id)).isIn("cancelled", "interrupted");
        }
    }

    private static boolean zombie(String process) {
        return process.startsWith("Z");
    }

    private RunningService start(String tier) {
        return start(tier, Map.of());
    }

    private RunningService start(String tier, Map<String, String> more) {
        var environment = new HashMap<>(more);
        environment.put("RINGFENCE_FENCE_TIER", tier);
        return RunningService.startAsFirstProcess(directory.resolve("data"), Catalogs.standard(directory), environment);
    }
}
