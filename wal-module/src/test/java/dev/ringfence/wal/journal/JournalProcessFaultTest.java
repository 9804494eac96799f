package dev.ringfence.wal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringfence.wal.log.Child;
import dev.ringfence.wal.log.Faults;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A process with a whole journal and the real kernel, with strace to kill it, or to let a call fail, at the nth call of a
 * kind: of the log, of snapshots, of the index, of blobs. The virtual machine itself makes none of these calls. Some points
 * always, all of them with {@code -Dfaults=all}.
 */
class JournalProcessFaultTest {
    private static final int SOME = 3;

    @TempDir
    Path scratch;

    private final JournalOracle oracle = new JournalOracle();
    private int lives;

    /** The calls in the life of a new journal. */
    private static List<String> calls = List.of();

    @BeforeAll
    static void countCalls(@TempDir Path counted) throws Exception {
        Faults.require(Files.isExecutable(Path.of("/usr/bin/strace")), "strace is not installed");
        var trace = counted.resolve("trace");
        var command = new ArrayList<>(List.of("/usr/bin/strace", "-f", "-qqq", "-o", trace.toString()));
        command.addAll(List.of("-e", "trace=pwrite64,fdatasync,fsync,rename,unlink,mkdir"));
        command.addAll(Child.command(
                JournalFaultChild.class, counted.resolve("journal").toString(), "life-0"));
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var said = process.inputReader().lines().toList();
        assertThat(process.waitFor()).as("%s", said).isZero();
        calls = Files.readAllLines(trace);
    }

    @ParameterizedTest
    @ValueSource(strings = {"pwrite64", "fdatasync", "fsync", "rename", "unlink", "mkdir"})
    void aProcessKilledAtAnyCallLosesNoJobAndNoOutput(String call) throws Exception {
        var directory = scratch.resolve("journal");
        int killed = 0;
        // The directory stays as each death leaves it, so that the next process may die while it recovers.
        for (int nth : Faults.points(callsOf(call), SOME)) {
            if (call.equals("mkdir")) {
                // Made once in a journal's life.
                directory = scratch.resolve("journal-" + nth);
                oracle.forget();
            }
            var ends = live(directory, "inject=" + call + ":signal=SIGKILL:when=" + (nth + 1));
            judgeACopy(directory);
            killed += ends.isEmpty() ? 1 : 0;
        }
        assertThat(killed).isPositive();
        assertThat(live(directory, "")).hasSize(1);
        judgeACopy(directory);
    }

    @ParameterizedTest
    @CsvSource({
        "fdatasync, EIO",
        "fsync, EIO",
        "pwrite64, EIO",
        "rename, EIO",
        "unlink, EIO",
        "pwrite64, ENOSPC",
        "pwrite64, EDQUOT",
        "rename, ENOSPC"
    })
    void aCallThatFailsLosesNoJobAndNoOutput(String call, String error) throws Exception {
        var directory = scratch.resolve("journal");
        for (int nth : Faults.points(callsOf(call), SOME)) {
            // Once, and from then on.
            var when = nth + 1 + (nth % 2 == 0 ? "" : "+");
            assertThat(live(directory, "inject=" + call + ":error=" + error + ":when=" + when))
                    .as(when)
                    .hasSize(1);
            judgeACopy(directory);
        }
    }

    private static int callsOf(String call) {
        return Math.toIntExact(
                calls.stream().filter(line -> line.contains(" " + call + "(")).count());
    }

    private List<String> live(Path directory, String injection) throws Exception {
        try {
            var said = run(injection.isEmpty() ? List.of() : List.of("-o", "/dev/null", "-e", injection), directory);
            return JournalFaultChild.judge(said, oracle);
        } catch (AssertionError e) {
            throw new AssertionError("with " + injection + ": " + e.getMessage(), e);
        }
    }

    /** The whole lines that a life said. */
    private List<String> run(List<String> strace, Path directory) throws Exception {
        var command = new ArrayList<String>();
        if (!strace.isEmpty()) {
            command.addAll(List.of("/usr/bin/strace", "-f", "-qqq"));
            command.addAll(strace);
        }
        command.addAll(Child.command(JournalFaultChild.class, directory.toString(), "life-" + lives++));
        var output = scratch.resolve("output-" + lives);
        var process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        if (!process.waitFor(5, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new AssertionError("the process hangs: " + strace + "\n" + Files.readString(output));
        }
        var text = Files.readString(output);
        return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
    }

    private void judgeACopy(Path directory) throws IOException {
        var log = copy(directory, "log-");
        var whole = copy(directory, "whole-");
        oracle.judge(log, JournalFaultChild.OPTIONS, whole, JournalFaultChild.OPTIONS);
    }

    private Path copy(Path directory, String name) throws IOException {
        var copy = scratch.resolve(name + lives);
        if (!Files.exists(directory)) {
            return Files.createDirectory(copy);
        }
        try (var files = Files.walk(directory)) {
            for (var file : files.toList()) {
                Files.copy(file, copy.resolve(directory.relativize(file)));
            }
        }
        return copy;
    }
}
