package dev.ringfence.runner.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessEngineTest {
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final Duration SHORT = Duration.ofMillis(100);

    @Test
    void outputExitCodeAndUsageOfAProgramAreReported() {
        var result = run(shell("echo out; echo err >&2; exit 7"), OutputListener.NONE);

        assertThat(result.end()).isEqualTo(new ProcessEnd.Exited(7));
        assertThat(text(result.stdout())).isEqualTo("out\n");
        assertThat(text(result.stderr())).isEqualTo("err\n");
        assertThat(result.usage().peakMemoryBytes()).isPositive();
        assertThat(result.usage().wall()).isPositive();
    }

    @Test
    void theProgramSeesItsInputToTheEndAndOnlyTheGivenEnvironment() {
        byte[] input = new byte[3_000_000];
        Arrays.fill(input, (byte) 'x');
        var request = new ProcessRequest(
                "test",
                Path.of("/bin/sh"),
                List.of("sh", "-c", "wc -c; /usr/bin/env"),
                Map.of("ONLY", "this"),
                Path.of("/"),
                new ProgramInput.Bytes(input),
                List.of(),
                false,
                LONG,
                SHORT,
                1000,
                Optional.empty());

        var result = run(request, OutputListener.NONE);

        assertThat(text(result.stdout()).lines())
                .contains("3000000", "ONLY=this")
                .doesNotContain("HOME=/root");
    }

    @Test
    void aProgramThatDoesNotReadItsInputIsNotWaitedFor() {
        var request = request(List.of("true"), new byte[10_000_000], LONG, 0);

        var result = run(request, OutputListener.NONE);

        assertThat(result.end()).isEqualTo(new ProcessEnd.Exited(0));
    }

    @Test
    void noDescriptorButTheThreeStreamsReachesTheProgram() {
        // The /proc/self/fd listing itself holds one more, which ls opened.
        var result = run(shell("ls -l /proc/self/fd | wc -l; ls /proc/self/fd"), OutputListener.NONE);

        assertThat(text(result.stdout()).lines()).containsExactly("5", "0", "1", "2", "3");
    }

    @Test
    void noSignalIsBlockedOrIgnoredInTheProgram() {
        var result = run(shell("grep -E 'Sig(Blk|Ign)' /proc/self/status"), OutputListener.NONE);

        assertThat(text(result.stdout()).lines())
                .containsExactly("SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000");
    }

    @Test
    void outputBeyondTheCapIsReadAndCountedButNotKept() {
        var result = run(request(List.of("head", "-c", "10000000", "/dev/zero"), new byte[0], LONG, 1000), null);

        assertThat(result.stdout().bytes()).hasSize(1000);
        assertThat(result.stdout().totalBytes()).isEqualTo(10_000_000);
        assertThat(result.stdout().truncated()).isTrue();
    }

    @Test
    void outputOfExactlyTheCapIsNotTruncated() {
        var result = run(request(List.of("head", "-c", "1000", "/dev/zero"), new byte[0], LONG, 1000), null);

        assertThat(result.stdout().bytes()).hasSize(1000);
        assertThat(result.stdout().truncated()).isFalse();
    }

    @Test
    void theDeadlineEndsAProgramThatIgnoresThePoliteSignalWithItsChildren() {
        var pids = new CompletableFuture<List<Long>>();
        var request = request(
                List.of("sh", "-c", "trap '' TERM; sleep 300 & echo $$ $!; wait; wait; sleep 300"),
                new byte[0],
                SHORT,
                1000);

        var result = run(request, firstLineOfPids(pids));

        assertThat(result.end()).isEqualTo(new ProcessEnd.TimedOut(SHORT));
        assertThat(pids.join()).hasSize(2);
        // Without a namespace of its own, the last of a killed group may be on its way out for a moment more.
        await().untilAsserted(() -> assertThat(pids.join()).noneMatch(ProcessEngineTest::lives));
    }

    @Test
    void aProgramIsAskedToEndBeforeItIsKilled() {
        var process = ProcessEngine.start(
                request(
                        List.of("sh", "-c", "trap 'echo asked; exit 3' TERM; echo ready; sleep 300 & wait"),
                        new byte[0],
                        LONG,
                        1000,
                        LONG),
                new Supervisor() {},
                stopWhenReady());
        stoppers.complete(process);

        var result = process.result().await().atMost(Duration.ofMinutes(2));

        assertThat(result.end()).isEqualTo(new ProcessEnd.Stopped());
        assertThat(text(result.stdout()).lines()).containsExactly("ready", "asked");
    }

    @Test
    void stoppingAProgramKillsWhatItForked() {
        var pids = new CompletableFuture<List<Long>>();
        var process =
                ProcessEngine.start(shell("sleep 300 & echo $$ $!; wait"), new Supervisor() {}, firstLineOfPids(pids));
        assertThat(pids.join()).hasSize(2);

        process.stop();

        await().untilAsserted(() -> assertThat(pids.join()).noneMatch(ProcessEngineTest::lives));
    }

    @Test
    void childrenThatOutliveTheProgramInItsGroupEndWithIt() {
        var pids = new CompletableFuture<List<Long>>();

        var result = run(shell("sleep 300 & echo $$ $!"), firstLineOfPids(pids));

        assertThat(result.end()).isEqualTo(new ProcessEnd.Exited(0));
        await().untilAsserted(() -> assertThat(pids.join()).noneMatch(ProcessEngineTest::lives));
    }

    @Test
    void aSignalFromOutsideIsToldFromAnExit() {
        var result = run(shell("kill -9 $$"), OutputListener.NONE);

        assertThat(result.end()).isEqualTo(new ProcessEnd.Signalled(9));
    }

    @Test
    void aMissingProgramIsNamed() {
        var request = new ProcessRequest(
                "test",
                Path.of("/no/such/program"),
                List.of("program"),
                Map.of(),
                Path.of("/"),
                ProgramInput.NONE,
                List.of(),
                false,
                LONG,
                SHORT,
                0,
                Optional.empty());

        assertThatThrownBy(() -> ProcessEngine.start(request, new Supervisor() {}, OutputListener.NONE))
                .isInstanceOf(ProcessException.class)
                .hasMessageContaining("/no/such/program")
                .hasMessageContaining("no such file");
    }

    @Test
    void aSupervisedProgramWaitsAtItsGateUntilItsStatusIsTakenNoteOf() {
        var seen = new CompletableFuture<String>();
        var supervisor = new Supervisor() {
            @Override
            public boolean ready(Tree tree, String status) {
                return status.endsWith("\n") && seen.complete(status);
            }
        };
        var request = new ProcessRequest(
                "test",
                Path.of("/bin/sh"),
                List.of("sh", "-c", "echo building; echo status >&4; read -r x <&5; cat <&3; echo passed"),
                Map.of("PATH", "/usr/bin:/bin"),
                Path.of("/"),
                ProgramInput.NONE,
                List.of("given\n".getBytes(UTF_8)),
                true,
                Duration.ofSeconds(30),
                SHORT,
                1000,
                Optional.empty());

        var result = ProcessEngine.start(request, supervisor, OutputListener.NONE)
                .result()
                .await()
                .atMost(Duration.ofMinutes(2));

        assertThat(seen).isCompletedWithValue("status\n");
        assertThat(text(result.stdout())).isEqualTo("given\npassed\n");
    }

    @Test
    void aLauncherThatFailsAfterItHasTalkedOfAChildIsReportedInItsOwnWords() {
        var supervisor = new Supervisor() {
            @Override
            public boolean ready(Tree tree, String status) {
                return status.endsWith("\n")
                        && tree.hold(Integer.parseInt(status.strip())).isPresent();
            }
        };
        var request = new ProcessRequest(
                "test",
                Path.of("/bin/sh"),
                List.of("sh", "-c", "sleep 0 & wait; echo $! >&3; echo 'cannot mount /proc' >&2; exit 3"),
                Map.of("PATH", "/usr/bin:/bin"),
                Path.of("/"),
                ProgramInput.NONE,
                List.of(),
                true,
                Duration.ofMinutes(2),
                SHORT,
                1000,
                Optional.empty());

        assertThatThrownBy(() -> ProcessEngine.start(request, supervisor, OutputListener.NONE))
                .isInstanceOf(ProcessException.class)
                .hasMessageContaining("code 3")
                .hasMessageContaining("cannot mount /proc");
    }

    @Test
    void aLauncherThatIsNotReadyWhenItsTimeIsUpTimesOutLikeAnyProgram() {
        var heard = new ArrayList<String>();
        var ends = new ArrayList<String>();
        var supervisor = new Supervisor() {
            @Override
            public boolean ready(Tree tree, String status) {
                return false;
            }

            @Override
            public Usage ended(Usage counted) {
                ends.add("ended");
                return counted;
            }

            @Override
            public void close() {
                ends.add("closed");
            }
        };

        var result = ProcessEngine.start(
                        launcher("echo building; echo 'still mounting' >&2; echo status >&3; exec sleep 300", SHORT),
                        supervisor,
                        (stream, chunk) -> heard.add(new String(chunk, UTF_8)))
                .result()
                .await()
                .atMost(Duration.ofMinutes(2));

        assertThat(result.end()).isEqualTo(new ProcessEnd.TimedOut(SHORT));
        assertThat(result.usage().wall()).isGreaterThanOrEqualTo(SHORT);
        assertThat(result.stdout().totalBytes()).isZero();
        assertThat(result.stderr().totalBytes()).isZero();
        assertThat(heard).isEmpty();
        assertThat(ends).containsExactly("ended", "closed");
    }

    @Test
    void aLauncherThatIsToldToStopEndsAtOnceWithWhatItStarted() {
        var listener = new Stopping();
        var pids = new ArrayList<Long>();
        var supervisor = new Supervisor() {
            @Override
            public boolean ready(Tree tree, String status) {
                pids.addAll(List.of(tree.pid(), Long.valueOf(status.strip())));
                listener.stop();
                return false;
            }

            @Override
            public void politely(Tree tree) {
                throw new IllegalStateException("nothing of the program runs that could be asked");
            }
        };

        // What it starts leaves its group, and nobody has marked it.
        var result = ProcessEngine.start(
                        launcher("echo 'still mounting' >&2; setsid sleep 300 & echo $! >&3; exec sleep 301", LONG),
                        supervisor,
                        listener)
                .result()
                .await()
                .atMost(Duration.ofMinutes(2));

        assertThat(result.end()).isEqualTo(new ProcessEnd.Stopped());
        assertThat(result.stderr().totalBytes()).isZero();
        assertThat(listener.heard).isEmpty();
        assertThat(pids).hasSize(2).noneMatch(ProcessEngineTest::lives);
    }

    @Test
    void whatALauncherReportsWhenItIsEndedOpensItsGateNoMore(@TempDir Path directory) {
        var listener = new Stopping();
        var reported = directory.resolve("reported");
        var supervisor = new Supervisor() {
            private boolean asked;

            @Override
            public boolean ready(Tree tree, String status) {
                assertThat(asked).as("asked again").isFalse();
                asked = true;
                tree.signalGroup(Signals.SIGTERM);
                await().until(() -> Files.exists(reported));
                listener.stop();
                return false;
            }
        };

        var result = ProcessEngine.start(
                        launcher(
                                "trap 'echo more >&3; : > " + reported + "; sleep 300' TERM; echo status >&3;"
                                        + " sleep 301 & wait",
                                LONG),
                        supervisor,
                        listener)
                .result()
                .await()
                .atMost(Duration.ofMinutes(2));

        assertThat(result.end()).isEqualTo(new ProcessEnd.Stopped());
        assertThat(result.status()).isEqualTo("status\nmore\n");
    }

    @Test
    void aLauncherThatHasFailedByItselfIsToldSoEvenWhenItIsToldToStop() {
        var listener = new Stopping();
        var supervisor = new Supervisor() {
            @Override
            public boolean ready(Tree tree, String status) {
                tree.signalGroup(Signals.SIGTERM);
                await().until(() -> !lives(tree.pid()));
                listener.stop();
                return false;
            }
        };

        assertThatThrownBy(() -> ProcessEngine.start(
                        launcher(
                                "trap 'echo cannot mount /proc >&2; exit 3' TERM; echo status >&3; sleep 300 & wait",
                                LONG),
                        supervisor,
                        listener))
                .isInstanceOf(ProcessException.class)
                .hasMessageContaining("code 3")
                .hasMessageContaining("cannot mount /proc");
    }

    @Test
    void nothingIsLeftOpenAfterManyPrograms() {
        run(shell("true"), OutputListener.NONE);
        long before = openDescriptors();

        for (int i = 0; i < 50; i++) {
            run(shell("true"), OutputListener.NONE);
        }

        await().untilAsserted(() -> assertThat(openDescriptors()).isLessThanOrEqualTo(before));
        await().untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().startsWith("keeper-test")));
    }

    private final CompletableFuture<RunningProcess> stoppers = new CompletableFuture<>();

    private OutputListener stopWhenReady() {
        return (stream, chunk) -> {
            var _ = stoppers.thenAccept(RunningProcess::stop);
        };
    }

    /** Knows how to stop its program. */
    private static final class Stopping implements OutputListener {
        private final List<String> heard = new CopyOnWriteArrayList<>();
        private final CompletableFuture<Runnable> stop = new CompletableFuture<>();

        @Override
        public void starting(Runnable given) {
            stop.complete(given);
        }

        @Override
        public void wrote(Stream stream, byte[] chunk) {
            heard.add(new String(chunk, UTF_8));
        }

        void stop() {
            stop.join().run();
        }
    }

    /** Its status is descriptor 3, its gate 4. */
    private static ProcessRequest launcher(String script, Duration deadline) {
        return new ProcessRequest(
                "test",
                Path.of("/bin/sh"),
                List.of("sh", "-c", script),
                Map.of("PATH", "/usr/bin:/bin"),
                Path.of("/"),
                ProgramInput.NONE,
                List.of(),
                true,
                deadline,
                LONG,
                1000,
                Optional.empty());
    }

    private static OutputListener firstLineOfPids(CompletableFuture<List<Long>> pids) {
        return (stream, chunk) ->
                pids.complete(Arrays.stream(new String(chunk, UTF_8).strip().split(" ", -1))
                        .map(Long::valueOf)
                        .collect(Collectors.toList()));
    }

    private static boolean lives(long pid) {
        // A zombie has no command line and runs nothing any more.
        try {
            return Files.size(Path.of("/proc/" + pid + "/stat")) >= 0
                    && !Files.readString(Path.of("/proc/" + pid + "/stat")).contains(") Z ");
        } catch (java.io.IOException e) {
            return false;
        }
    }

    private static long openDescriptors() {
        String[] names = Path.of("/proc/self/fd").toFile().list();
        return names == null ? 0 : names.length;
    }

    private static ProcessRequest shell(String script) {
        return request(List.of("sh", "-c", script), new byte[0], LONG, 10_000);
    }

    private static ProcessRequest request(List<String> argv, byte[] input, Duration deadline, long capture) {
        return request(argv, input, deadline, capture, SHORT);
    }

    private static ProcessRequest request(
            List<String> argv, byte[] input, Duration deadline, long capture, Duration grace) {
        return new ProcessRequest(
                "test",
                Path.of("/usr/bin/" + argv.getFirst()),
                argv,
                Map.of("PATH", "/usr/bin:/bin"),
                Path.of("/"),
                new ProgramInput.Bytes(input),
                List.of(),
                false,
                deadline,
                grace,
                capture,
                Optional.empty());
    }

    private static ProcessResult run(
            ProcessRequest request, @org.jspecify.annotations.Nullable OutputListener listener) {
        return ProcessEngine.start(request, new Supervisor() {}, listener == null ? OutputListener.NONE : listener)
                .result()
                .await()
                .atMost(Duration.ofMinutes(2));
    }

    private static String text(CapturedOutput output) {
        return new String(output.bytes(), UTF_8);
    }
}
