package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CrashIT {
    private static final int JOBS = 200;
    private static final int SAME = 1000;
    private static final List<String> ENDS = List.of("completed", "failed", "timed_out", "cancelled", "interrupted");

    @TempDir
    Path directory;

    private Path data;
    private Path catalog;

    @BeforeEach
    void prepare() {
        data = directory.resolve("data");
        catalog = Catalogs.standard(directory);
    }

    @Test
    void manyJobsAtATimeAllComplete() {
        try (var service = RunningService.start(data, catalog)) {
            var acknowledged = new ConcurrentLinkedQueue<String>();

            submitMany(service.api(), acknowledged, new Semaphore(0)).close();

            assertThat(acknowledged).hasSize(JOBS).doesNotHaveDuplicates();
            assertThat(acknowledged)
                    .allSatisfy(id -> assertThat(
                                    service.api().awaitEnd(id).path("state").asText())
                            .isEqualTo("completed"));
        }
    }

    @Test
    void afterACrashEachAcknowledgedJobHasExactlyOneEnd() {
        var acknowledged = new ConcurrentLinkedQueue<String>();
        try (var service = RunningService.start(data, catalog)) {
            var answers = new Semaphore(0);
            try (var _ = submitMany(service.api(), acknowledged, answers)) {
                answers.acquireUninterruptibly(JOBS / 4);
                service.kill();
            }
        }
        assertThat(acknowledged).hasSizeBetween(JOBS / 4, JOBS - 1);

        var states = new TreeMap<String, String>();
        try (var service = RunningService.start(data, catalog)) {
            for (var id : acknowledged) {
                states.put(id, service.api().awaitEnd(id).path("state").asText());
            }
        }

        assertThat(states.values()).isSubsetOf("completed", "interrupted");
        var ends = journaledEnds();
        assertThat(states.keySet()).allSatisfy(id -> assertThat(ends).containsEntry(id, 1));
        try (var service = RunningService.start(data, catalog)) {
            assertThat(states)
                    .allSatisfy(
                            (id, state) -> assertThat(service.api().state(id)).isEqualTo(state));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"namespaces", "landlock"})
    void afterACrashAStartedJobIsInterruptedAndNoneOfItsProcessesLives(String tier) throws IOException {
        // Given a user of the job's own that passes this on the way to the workspace
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        var rare = HostProcesses.rareDuration();
        String id;
        try (var service = RunningService.start(data, catalog)) {
            id = service.api()
                    .submitShell(
                            "(setsid sleep %1$s &) & sleep %1$s".formatted(rare), request -> request.put("tier", tier));
            await().until(() -> HostProcesses.with("sleep " + rare).size() >= 2);

            service.kill();
        }
        if (tier.equals("namespaces")) {
            // The kernel ends them with the service, and does not wait for the next one.
            await().untilAsserted(() ->
                    assertThat(HostProcesses.with("sleep " + rare)).isEmpty());
        }

        try (var service = RunningService.start(data, catalog)) {
            assertThat(service.api().state(id)).isEqualTo("interrupted");
            assertThat(HostProcesses.with("sleep " + rare)).isEmpty();
        }
    }

    @Test
    void aThousandSubmissionsWithOneKeyAcrossACrashAreOneJob() {
        var ids = new ConcurrentLinkedQueue<String>();
        var refused = new ConcurrentLinkedQueue<Integer>();
        try (var service = RunningService.start(data, catalog)) {
            var answers = new Semaphore(0);
            try (var _ = submitTheSame(service.api(), SAME / 2, ids, refused, answers)) {
                answers.acquireUninterruptibly(SAME / 20);
                service.kill();
            }
        }
        assertThat(ids).isNotEmpty();
        try (var service = RunningService.start(data, catalog)) {
            submitTheSame(service.api(), SAME / 2, ids, refused, new Semaphore(0))
                    .close();

            assertThat(refused).isEmpty();
            assertThat(Set.copyOf(ids)).hasSize(1);
            assertThat(service.api().awaitEnd(ids.element()).path("state").asText())
                    .isIn("completed", "interrupted");
        }
        assertThat(journaledEnds()).hasSize(1).containsEntry(ids.element(), 1);
    }

    private static AutoCloseableExecutor submitTheSame(
            Api api, int times, Queue<String> ids, Queue<Integer> refused, Semaphore answers) {
        var threads = Executors.newVirtualThreadPerTaskExecutor();
        for (int i = 0; i < times; i++) {
            threads.execute(() -> {
                try {
                    var answer = api.post(
                            "/api/v1/jobs", Api.shell("true", request -> {}), "Idempotency-Key", "the one and only");
                    if (answer.statusCode() < 300) {
                        ids.add(Api.json(answer.body()).path("id").asText());
                    } else {
                        refused.add(answer.statusCode());
                    }
                    answers.release();
                } catch (UncheckedIOException crashed) {
                    // Not acknowledged, so nothing is promised.
                }
            });
        }
        return threads::close;
    }

    /** Submits from as many threads as jobs; closing waits for all of them. Answers that never come are left out. */
    private static AutoCloseableExecutor submitMany(Api api, Queue<String> acknowledged, Semaphore answers) {
        var threads = Executors.newVirtualThreadPerTaskExecutor();
        for (int i = 0; i < JOBS; i++) {
            threads.execute(() -> {
                try {
                    acknowledged.add(api.submitShell("true", request -> {}));
                    answers.release();
                } catch (UncheckedIOException crashed) {
                    // Not acknowledged, so nothing is promised.
                }
            });
        }
        return threads::close;
    }

    private Map<String, Integer> journaledEnds() {
        var dump = Cli.run("journal", "dump", "--data", data.toString());
        assertThat(dump.exitCode()).as(dump.stderr()).isZero();
        var ends = new TreeMap<String, Integer>();
        dump.stdout().lines().map(Api::json).forEach(event -> {
            if (ENDS.contains(event.path("type").asText())) {
                ends.merge(event.path("job").asText(), 1, Integer::sum);
            }
        });
        return ends;
    }

    private interface AutoCloseableExecutor extends AutoCloseable {
        @Override
        void close();
    }
}
