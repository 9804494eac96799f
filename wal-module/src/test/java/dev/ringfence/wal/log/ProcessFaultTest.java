package dev.ringfence.wal.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A process of ours and the real kernel, with strace to kill it, or to let a call fail, at the nth call of a kind that
 * has to do with the log. Some points always, all of them with {@code -Dfaults=all}.
 */
class ProcessFaultTest {
    private static final int SOME = 2;

    @TempDir
    Path scratch;

    private final Oracle oracle = new Oracle();
    private int lives;

    @BeforeAll
    static void straceIsThere() {
        Faults.require(Files.isExecutable(Path.of("/usr/bin/strace")), "strace is not installed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"pwrite64", "fdatasync", "fsync", "rename", "unlink", "ftruncate", "openat"})
    void aProcessKilledAtAnyCallLosesNothingAcknowledged(String call) throws Exception {
        var directory = Files.createDirectory(scratch.resolve("log"));
        live(directory, "");
        var killed = 0;
        // The directory stays as each death leaves it, so that the next process may die while it recovers.
        for (int nth : nths(call)) {
            var run = live(directory, "inject=" + call + ":signal=SIGKILL:when=" + nth);
            recoverACopy(directory);
            killed += run.killed() ? 1 : 0;
            if (!run.killed()) {
                break;
            }
        }
        assertThat(killed).isPositive();
        live(directory, "");
        recoverACopy(directory);
    }

    @ParameterizedTest
    @CsvSource({
        "fdatasync, EIO",
        "fsync, EIO",
        "pwrite64, EIO",
        "pread64, EIO",
        "pwrite64, ENOSPC",
        "pwrite64, EDQUOT",
        "rename, ENOSPC",
        "openat, EMFILE"
    })
    void aCallThatFailsLosesNothingAcknowledged(String call, String error) throws Exception {
        var directory = Files.createDirectory(scratch.resolve("log"));
        live(directory, "");
        for (int nth : nths(call)) {
            // Once, and from then on.
            for (var when : List.of(nth + "", nth + "+")) {
                var run = live(directory, "inject=" + call + ":error=" + error + ":when=" + when);
                recoverACopy(directory);
                assertThat(run.killed()).isFalse();
                if (error.equals("EMFILE")) {
                    assertThat(run.ends()).as("%s %s", call, when).noneMatch(end -> end.contains("Failed"));
                }
            }
        }
        live(directory, "");
        recoverACopy(directory);
    }

    @Test
    void aSmallFileSystemThatFillsUpRefusesAndGoesOnOnceThereIsRoom() throws Exception {
        Faults.require(
                mount("mount", "-t", "tmpfs", "-o", "size=192k", "ringfence-test", scratch.toString()) == 0,
                "no right to mount");
        try (var log = FaultChild.recover(scratch.resolve("log"))) {
            var ballast = scratch.resolve("ballast");
            var refused = 0;
            Files.write(ballast, new byte[100 << 10]);
            for (int i = 0; i < 60; i++) {
                var text = "record " + i + "y".repeat(2000);
                oracle.submitted(text);
                try {
                    oracle.acknowledged(Logs.append(log, text), text);
                } catch (LogException.NoSpace e) {
                    oracle.refused(text);
                    refused++;
                    assertThat(e).hasMessageContaining("No space left on device");
                    assertThat(log.health()).isInstanceOf(Health.Full.class);
                    WriteAheadLog.read(scratch.resolve("log"), 1, (sequence, time, payload) -> true);
                    if (refused == 3) {
                        Files.delete(ballast);
                    }
                }
            }
            assertThat(refused).isGreaterThanOrEqualTo(3);
            assertThat(log.health()).isInstanceOfAny(Health.Writable.class, Health.Full.class);
            assertThat(oracle.lastCertain()).isGreaterThan(20);
        } finally {
            recover(scratch.resolve("log"));
            mount("umount", scratch.toString());
        }
    }

    private static int mount(String... command) throws Exception {
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }

    /** Which calls fail; with all of them until one is no longer reached. */
    private static List<Integer> nths(String call) {
        var busy = call.equals("pwrite64") || call.equals("fdatasync") || call.equals("pread64");
        var count = busy ? 60 : 25;
        return Faults.points(count, SOME + 1).subList(0, Faults.all() ? count : SOME).stream()
                .map(point -> point + 1)
                .toList();
    }

    private record Run(boolean killed, List<String> ends) {}

    private Run live(Path directory, String injection) throws Exception {
        var command = new ArrayList<String>();
        if (!injection.isEmpty()) {
            command.addAll(List.of("/usr/bin/strace", "-f", "-qqq", "-o", "/dev/null", "-e", injection));
            for (var file : files(directory)) {
                command.addAll(List.of("-P", file.toString()));
            }
        }
        command.addAll(Child.command(FaultChild.class, directory.toString(), "life-" + lives++));
        var output = scratch.resolve("output-" + lives);
        var process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        if (!process.waitFor(5, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new AssertionError("the process hangs: " + injection + "\n" + Files.readString(output));
        }
        var text = Files.readString(output);
        var whole = text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
        try {
            var ends = FaultChild.judge(whole, oracle);
            return new Run(ends.isEmpty(), ends);
        } catch (AssertionError e) {
            throw new AssertionError("with " + injection + ": " + e.getMessage(), e);
        }
    }

    /** Only calls that have to do with these are counted: strace knows no wildcards. */
    private static List<Path> files(Path directory) {
        var files = new ArrayList<Path>();
        files.add(directory);
        for (var name : List.of("log.lock", "log.start", "log.start.tmp", "next.tmp")) {
            files.add(directory.resolve(name));
        }
        for (int number = 1; number < 200; number++) {
            files.add(Logs.segment(directory, number));
        }
        return files;
    }

    private void recoverACopy(Path directory) throws IOException {
        var copy = Files.createDirectory(scratch.resolve("copy-" + lives));
        try (var files = Files.list(directory)) {
            for (var file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        recover(copy);
    }

    private void recover(Path directory) {
        try {
            recover(directory, 1);
        } catch (LogException.Discarded e) {
            oracle.beginsWith(e.firstSequence());
            recover(directory, e.firstSequence());
        }
    }

    private void recover(Path directory, long from) {
        var texts = new ArrayList<String>();
        WriteAheadLog.recover(
                        directory,
                        FaultChild.OPTIONS,
                        from,
                        (sequence, time, payload) -> texts.add(new String(payload, StandardCharsets.ISO_8859_1)))
                .log()
                .close();
        oracle.recovered(from, texts);
    }
}
