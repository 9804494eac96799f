package dev.ringfence.runner.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ringfence.runner.fence.seccomp.Architecture;
import dev.ringfence.runner.fence.seccomp.SeccompFilter;
import dev.ringfence.runner.fence.seccomp.SeccompPolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real programs, started by threads that confine themselves. */
class ConfinementTest {
    private static final Duration LONG = Duration.ofMinutes(2);

    /** LANDLOCK_ACCESS_FS_EXECUTE, WRITE_FILE, READ_FILE, READ_DIR. */
    private static final long EXECUTE = 1;

    private static final long WRITE = 2;
    private static final long READ = 4 | 8;

    @TempDir
    Path directory;

    @Test
    void theProgramHasNoNewPrivilegesNoCapabilitiesAndTheFilter() {
        var result = run("grep -E '^Cap|NoNewPrivs|^Seccomp:' /proc/self/status", confinement(filter()));

        assertThat(output(result).lines())
                .containsExactly(
                        "CapInh:\t0000000000000000",
                        "CapPrm:\t0000000000000000",
                        "CapEff:\t0000000000000000",
                        "CapBnd:\t" + bounds(),
                        "CapAmb:\t0000000000000000",
                        "NoNewPrivs:\t1",
                        "Seccomp:\t2");
    }

    @Test
    void theServiceItselfIsNotConfined() throws IOException {
        run("true", confinement(filter()));

        assertThat(Files.readString(Path.of("/proc/self/status")))
                .contains("NoNewPrivs:\t0")
                .contains("Seccomp:\t0");
        Files.createFile(directory.resolve("still-writable"));
    }

    @Test
    void theProgramIsHeldBeforeItsFirstInstructionUntilItsLimitsAreSet() {
        for (int i = 0; i < 20; i++) {
            var process = ProcessEngine.start(
                    request(List.of("sh", "-c", "ulimit -f; ulimit -c; nice"), confinement(filter())),
                    new Supervisor() {
                        @Override
                        public void spawned(Tree tree) {
                            assertThat(executable(tree.pid()))
                                    .isEqualTo(
                                            executable(ProcessHandle.current().pid()));
                            tree.limit((int) tree.pid(), OptionalInt.empty(), new KernelLimits(4096, 0, 0, 0, 7));
                        }
                    },
                    OutputListener.NONE);

            assertThat(output(process.result().await().atMost(LONG)).lines()).containsExactly("8", "0", "7");
        }
    }

    @Test
    void whenTheLimitsCannotBeSetNothingOfTheProgramRuns() {
        var file = directory.resolve("touched");
        var supervisor = new Supervisor() {
            @Override
            public void spawned(Tree tree) {
                throw new IllegalStateException("no limits");
            }
        };
        var request = request(List.of("touch", file.toString()), confinement(filter()));

        assertThatThrownBy(() -> ProcessEngine.start(request, supervisor, OutputListener.NONE))
                .isInstanceOf(ProcessException.class)
                .hasMessageContaining("no limits");
        assertThat(file).doesNotExist();
    }

    @Test
    void aProgramThatIsToldToStopBeforeItsFirstInstructionNeverRuns() {
        var file = directory.resolve("touched");
        var stop = new AtomicReference<Runnable>();
        var listener = new OutputListener() {
            @Override
            public void starting(Runnable given) {
                stop.set(given);
            }

            @Override
            public void wrote(Stream stream, byte[] chunk) {}
        };
        var supervisor = new Supervisor() {
            @Override
            public void spawned(Tree tree) {
                stop.get().run();
            }

            @Override
            public void politely(Tree tree) {
                throw new IllegalStateException("it runs");
            }
        };

        var result = ProcessEngine.start(
                        request(List.of("touch", file.toString()), confinement(filter())), supervisor, listener)
                .result()
                .await()
                .atMost(LONG);

        assertThat(result.end()).isEqualTo(new ProcessEnd.Stopped());
        assertThat(file).doesNotExist();
    }

    @Test
    void norDoesOneWhoseTimeIsUpBefore() {
        var file = directory.resolve("touched");
        var deadline = Duration.ofMillis(1);
        var supervisor = new Supervisor() {
            @Override
            public void spawned(Tree tree) {
                long begun = System.nanoTime();
                await().until(() -> System.nanoTime() - begun > deadline.toNanos());
            }

            @Override
            public void politely(Tree tree) {
                throw new IllegalStateException("it runs");
            }
        };

        var result = ProcessEngine.start(
                        request(List.of("touch", file.toString()), confinement(filter()), deadline),
                        supervisor,
                        OutputListener.NONE)
                .result()
                .await()
                .atMost(LONG);

        assertThat(result.end()).isEqualTo(new ProcessEnd.TimedOut(deadline));
        assertThat(file).doesNotExist();
    }

    @Test
    void aThreadThatStartedAProgramAndDoesNotEndIsNotWaitedForBeyondTheProgramsTime() throws Exception {
        var program = new ProcessBuilder("sleep", "300").start();
        var asked = new AtomicInteger();
        try (var first = new FirstInstruction(true, () -> asked.incrementAndGet() > 3)) {
            first.hold((int) program.pid());

            // The first thread of this process has its number, and lives as long as it.
            assertThat(first.release((int) ProcessHandle.current().pid())).isFalse();

            assertThat(program.waitFor()).isEqualTo(Signals.exitCode(Signals.SIGKILL));
        } finally {
            program.destroyForcibly();
        }
    }

    @Test
    void ofAProgramThatCannotBeStartedNothingIsRemembered() {
        var mark = JobMark.of("confinement", 1);
        var child = new AtomicInteger();
        var supervisor = new Supervisor() {
            @Override
            public void spawned(Tree tree) {
                child.set((int) tree.pid());
                tree.mark(mark, OptionalInt.empty());
            }
        };
        // More than one argument may have: 128 KiB.
        var request = request(List.of("echo", "x".repeat(200_000)), confinement(filter()));

        assertThatThrownBy(() -> ProcessEngine.start(request, supervisor, OutputListener.NONE))
                .isInstanceOf(ProcessException.class)
                .hasMessageContaining("E2BIG");
        assertThat(child).doesNotHaveValue(0);
        assertThat(Census.kept(child.get())).isFalse();
        assertThat(Census.reaped(mark)).isEmpty();
    }

    @Test
    void landlockLetsOnlyWhatItsRulesNameBeReadAndWritten() throws IOException {
        var open = Files.createDirectory(directory.resolve("open"));
        Files.writeString(directory.resolve("secret"), "password");
        var landlock = Landlock.handling(0x1FFF, 0, 0);
        allow(landlock, Path.of("/usr"), EXECUTE | READ);
        allow(landlock, Path.of("/usr/lib").toRealPath(), EXECUTE | READ);
        allow(landlock, Path.of("/etc/ld.so.cache"), READ & 4);
        allow(landlock, open, READ | WRITE | 0x100);

        var result = run(
                "cat " + directory.resolve("secret") + "; echo x > " + open.resolve("file") + "; echo y > "
                        + directory.resolve("other") + "; cat " + open.resolve("file"),
                new Confinement(Optional.of(landlock), OptionalInt.empty(), Set.of(), filter(), CallDecider.REFUSE));

        assertThat(output(result)).isEqualTo("x\n");
        assertThat(directory.resolve("other")).doesNotExist();
    }

    @Test
    void aRootServiceGivesTheProgramAUserOfItsOwn() throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        int user = ProcessEngine.effectiveUser() == 0 ? 345_678 : ProcessEngine.effectiveUser();
        var wanted = ProcessEngine.effectiveUser() == 0 ? OptionalInt.of(user) : OptionalInt.empty();

        var result = run(
                "id -u; touch " + directory.resolve("mine") + "; stat -c %u " + directory.resolve("mine"),
                new Confinement(Optional.empty(), wanted, Set.of(), filter(), CallDecider.REFUSE));

        assertThat(output(result).lines()).containsExactly(Integer.toString(user), Integer.toString(user));
    }

    @Test
    void callsThatTheFilterAsksAboutAreDecidedByTheService() {
        var asked = new AtomicInteger();
        var filter = SeccompFilter.asking(host(), Set.of("mkdir", "mkdirat")).program();

        var result = run(
                "mkdir " + directory.resolve("first") + " || mkdir " + directory.resolve("second") + " || echo no",
                new Confinement(Optional.empty(), OptionalInt.empty(), Set.of(), filter, call -> {
                    if (asked.incrementAndGet() == 1) {
                        call.fail(Errno.EACCES);
                    } else {
                        call.proceed();
                    }
                }));

        assertThat(asked).hasValue(2);
        assertThat(new String(result.stderr().bytes(), UTF_8)).contains("Permission denied");
        assertThat(directory.resolve("first")).doesNotExist();
        assertThat(directory.resolve("second")).isDirectory();
    }

    @Test
    void everyNewProcessCanBeRefusedWhileTheProgramItselfStarts() {
        var policy = new SeccompPolicy(host(), Set.of(), true, true, false, SeccompPolicy.Sockets.NONE);
        var filter = SeccompFilter.of(policy.asking(Set.of("clone", "fork", "vfork")))
                .program();

        var result = run("echo one; /bin/true || echo none; (echo sub) || :", confinement(filter));

        assertThat(output(result)).isEqualTo("one\n");
        assertThat(new String(result.stderr().bytes(), UTF_8)).contains("fork");
    }

    @Test
    void aProgramThatTheRulesForbidIsNamed() throws IOException {
        var landlock = Landlock.handling(EXECUTE, 0, 0);
        allow(landlock, directory, EXECUTE);
        var request = request(
                List.of("true"),
                new Confinement(Optional.of(landlock), OptionalInt.empty(), Set.of(), filter(), CallDecider.REFUSE));

        assertThatThrownBy(() -> ProcessEngine.start(request, new Supervisor() {}, OutputListener.NONE))
                .isInstanceOf(ProcessException.class)
                .hasMessageContaining("/usr/bin/true")
                .hasMessageContaining("permission denied");
    }

    @Test
    void nothingIsLeftOpenAfterManyStarts() {
        run("true", confinement(filter()));
        long before = openDescriptors();

        for (int i = 0; i < 50; i++) {
            run("true", confinement(filter()));
        }

        await().untilAsserted(() -> assertThat(openDescriptors()).isLessThanOrEqualTo(before));
        await().untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().matches("(starter|keeper)-confined")));
    }

    private static String executable(long pid) {
        try {
            return Path.of("/proc/" + pid + "/exe").toRealPath().toString();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String bounds() {
        if (ProcessEngine.effectiveUser() == 0) {
            return "0000000000000000";
        }
        try {
            return Files.readString(Path.of("/proc/self/status"))
                    .lines()
                    .filter(line -> line.startsWith("CapBnd"))
                    .findFirst()
                    .orElseThrow()
                    .substring(8);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void allow(Landlock landlock, Path path, long rights) throws IOException {
        try (var file = PinnedFile.of(path)) {
            landlock.allow(file, rights);
        }
    }

    private static Architecture host() {
        return Architecture.ofThisHost().orElseThrow();
    }

    private static byte[] filter() {
        var policy = new SeccompPolicy(host(), Set.of(), true, true, false, SeccompPolicy.Sockets.UNIX);
        return SeccompFilter.of(policy).program();
    }

    private static Confinement confinement(byte[] filter) {
        return new Confinement(Optional.empty(), OptionalInt.empty(), Set.of(), filter, CallDecider.REFUSE);
    }

    private static ProcessResult run(String script, Confinement confinement) {
        return ProcessEngine.start(
                        request(List.of("sh", "-c", script), confinement), new Supervisor() {}, OutputListener.NONE)
                .result()
                .await()
                .atMost(LONG);
    }

    private static ProcessRequest request(List<String> argv, Confinement confinement) {
        return request(argv, confinement, LONG);
    }

    private static ProcessRequest request(List<String> argv, Confinement confinement, Duration deadline) {
        return new ProcessRequest(
                "confined",
                Path.of("/usr/bin/" + argv.getFirst()),
                argv,
                Map.of("PATH", "/usr/bin:/bin", "LC_ALL", "C"),
                Path.of("/"),
                ProgramInput.NONE,
                List.of(),
                false,
                deadline,
                Duration.ofMillis(100),
                10_000,
                Optional.of(confinement));
    }

    private static String output(ProcessResult result) {
        return new String(result.stdout().bytes(), UTF_8);
    }

    private static long openDescriptors() {
        String[] names = Path.of("/proc/self/fd").toFile().list();
        return names == null ? 0 : names.length;
    }
}
