package dev.ringfence.runner.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ringfence.runner.process.Census;
import dev.ringfence.runner.process.JobMark;
import dev.ringfence.runner.process.ProcessEngine;
import dev.ringfence.runner.process.ProcessRequest;
import dev.ringfence.runner.process.ProgramInput;
import dev.ringfence.runner.process.Supervisor;
import dev.ringfence.runner.process.Tree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessCountTest {
    private static final JobMark MARK = JobMark.of("zombies", 1);
    private static final int CHILDREN = 30;

    /**
     * Its children end when it has become another program, which waits for none of them. It begins once it shows a word
     * among its limits.
     */
    private static final String CARELESS = """
            until grep -q "$1" /proc/$$/limits; do sleep 0.02; done
            for i in $(seq $2); do
              (until grep -q sleep /proc/$$/comm; do sleep 0.02; done) & echo $!
            done >"$3"
            exec sleep 300
            """;

    @TempDir
    Path directory;

    /** One job could so have the jobs of all agents refused. */
    @Test
    void zombiesOfARunningJobAreNotCountedAndThoseOfOthersAre() throws IOException {
        // Only these processes, so that others of the host do not matter.
        var proc = Files.createDirectory(directory.resolve("proc"));
        var jobs = directory.resolve("jobs");
        var others = directory.resolve("others");
        var stranger = new ProcessBuilder("sh", "-c", CARELESS, "sh", "realtime", "2", others.toString()).start();
        var job = ProcessEngine.start(
                new ProcessRequest(
                        "zombies",
                        Path.of("/bin/sh"),
                        List.of(
                                "sh",
                                "-c",
                                CARELESS,
                                "sh",
                                Long.toString(MARK.value()),
                                Integer.toString(CHILDREN),
                                jobs.toString()),
                        Map.of("PATH", "/usr/bin:/bin"),
                        Path.of("/"),
                        ProgramInput.NONE,
                        List.of(),
                        false,
                        Duration.ofMinutes(5),
                        Duration.ofMillis(100),
                        1000,
                        Optional.empty()),
                new Supervisor() {
                    @Override
                    public void spawned(Tree tree) {
                        tree.mark(MARK, OptionalInt.empty());
                    }
                },
                (_, _) -> {});
        try {
            show(proc, zombies(jobs, CHILDREN));
            show(proc, zombies(others, 2));
            var count = new ProcessCount(proc, Census::isOfRunningJob);

            count.count(0);

            assertThat(count.last().total()).isEqualTo(CHILDREN + 2);
            assertThat(count.last().zombies()).isEqualTo(2);
        } finally {
            hide(proc);
            job.stop();
            stranger.destroyForcibly();
        }
    }

    /** Whoever cleans up looks where links lead, and fails when a process is waited for meanwhile. */
    private static void hide(Path proc) throws IOException {
        try (var links = Files.list(proc)) {
            for (var link : links.toList()) {
                Files.delete(link);
            }
        }
    }

    private static List<String> zombies(Path pids, int number) {
        return await().until(() -> zombies(pids), ended -> ended.size() == number);
    }

    private static List<String> zombies(Path pids) throws IOException {
        try (var lines = Files.exists(pids) ? Files.lines(pids) : Stream.<String>empty()) {
            return lines.filter(pid ->
                            KernelText.read(Path.of("/proc", pid, "stat")).contains(") Z "))
                    .toList();
        }
    }

    private static void show(Path proc, List<String> pids) throws IOException {
        for (var pid : pids) {
            Files.createSymbolicLink(proc.resolve(pid), Path.of("/proc", pid));
        }
    }
}
