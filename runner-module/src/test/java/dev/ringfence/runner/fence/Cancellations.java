package dev.ringfence.runner.fence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.catalog.FenceTier;
import dev.ringfence.runner.Patience;
import dev.ringfence.runner.capability.Execution;
import dev.ringfence.runner.capability.FenceTools;
import dev.ringfence.runner.capability.Invocation;
import dev.ringfence.runner.capability.Outcome;
import dev.ringfence.runner.capability.ShellExec;
import dev.ringfence.runner.fence.cgroup.Cgroups;
import dev.ringfence.runner.process.MarkedProcesses;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;

/** Jobs of many shapes, each cancelled at some moment from before its fence is built until after its end. */
final class Cancellations {
    static final String NOTHING_LEFT = "nothing is left";

    private static final int AT_A_TIME = 4;
    private static final int LATEST_MICROS = 120_000;

    private static final List<String> SCRIPTS = List.of(
            "true",
            "sleep 400",
            "for i in 1 2 3 4 5; do sleep 401 & done; wait",
            "trap '' TERM; sleep 402 & sleep 403",
            "setsid sh -c 'trap \"\" TERM; sleep 404 & sleep 405' & exit 0",
            "setsid sh -c 'setsid sleep 406 <&- >&- 2>&- &' & wait",
            "while :; do echo flood; done",
            "f() { sleep 407 & f; }; f",
            "exec dd if=/dev/zero of=${TMPDIR-/tmp}/file bs=64k count=64",
            "cd ${TMPDIR-/tmp}; mkdir -p a/b/c; touch a/b/c/d; chmod 0 a; kill -STOP $$");

    /** Far from other services' on this machine, so that whoever is among them is ours. */
    private static final int FIRST_USER =
            1_000_000 + (int) (ProcessHandle.current().pid() % 10_000) * FenceSettings.USERS;

    private Cancellations() {}

    /** A service without control groups. Arguments: the tier, how many, the seed. */
    public static void main(String[] arguments) throws Exception {
        Patience.begin();
        leaveNothing(
                FenceTier.valueOf(arguments[0]),
                Optional.empty(),
                Integer.parseInt(arguments[1]),
                new Random(Long.parseLong(arguments[2])));
        System.out.println(NOTHING_LEFT);
    }

    static FenceSettings settings(FenceTier tier) {
        return new FenceSettings(
                "cancel" + ProcessHandle.current().pid(),
                Optional.empty(),
                FIRST_USER,
                Optional.of(tier),
                Optional.empty(),
                Duration.ofMillis(20));
    }

    static void leaveNothing(FenceTier tier, Optional<Cgroups> cgroups, int count, Random random) throws Exception {
        var settings = settings(tier);
        try (var fence = HostFences.on(settings, cgroups)) {
            var shell = new ShellExec(FenceTools.without(fence));
            // What is made once and kept is there from here on.
            run(shell, "warm-up", "true", 0);
            var user = user(shell);
            // Threads that kept processes wait a while for others.
            await().until(() -> Traces.look(settings.instance()).threads().stream()
                    .noneMatch(thread -> thread.startsWith("keeper-")));
            var before = Traces.look(settings.instance());
            cancelMany(shell, count, random);

            await("nothing is left").untilAsserted(() -> {
                assertThat(survivors()).as("survivors and zombies").isEmpty();
                assertThat(MarkedProcesses.of(settings.instance())).as("marked").isEmpty();
                assertThat(Traces.look(settings.instance())).isEqualTo(before);
            });
            // The first user of the range is free again, and so, one after the other, are all.
            assertThat(user(shell)).isEqualTo(user);
        }
    }

    private static void cancelMany(ShellExec shell, int count, Random random)
            throws InterruptedException, ExecutionException {
        try (var workers = Executors.newFixedThreadPool(AT_A_TIME)) {
            var all = new ArrayList<Future<Outcome>>();
            for (int i = 0; i < count; i++) {
                var name = "job-" + i;
                var script = SCRIPTS.get(random.nextInt(SCRIPTS.size()));
                long micros = random.nextInt(LATEST_MICROS);
                all.add(workers.submit(() -> run(shell, name, script, micros)));
            }
            for (var outcome : all) {
                assertThat(outcome.get()).isInstanceOfAny(Outcome.Cancelled.class, Outcome.Completed.class);
            }
        }
    }

    /** Starts a job and cancels it after so long, which may be before its fence stands or after its end. */
    private static Outcome run(ShellExec shell, String name, String script, long cancelAfterMicros) {
        var execution = start(shell, name, script);
        var outcome = execution.outcome().subscribeAsCompletionStage();
        try {
            var _ = outcome.get(cancelAfterMicros, TimeUnit.MICROSECONDS);
        } catch (TimeoutException e) {
            execution.cancel();
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
        }
        return outcome.orTimeout(2, TimeUnit.MINUTES).join();
    }

    /** The user that the next job runs as. */
    private static String user(ShellExec shell) {
        var outcome = start(shell, "user", "id -u").outcome().await().indefinitely();
        return outcome.data().path("stdout").asText();
    }

    private static Execution start(ShellExec shell, String name, String script) {
        var arguments = JsonNodeFactory.instance.objectNode().put("cmd", script);
        return shell.start(
                new Invocation(name, "tests", arguments, Profiles.shell(), Duration.ofMinutes(2)), (_, _) -> {});
    }

    /** Processes of the jobs' users, and children of our own of any kind: nothing else is started here. */
    private static List<String> survivors() {
        return processes(status -> {
            long user = number(status, "Uid:");
            return number(status, "PPid:") == ProcessHandle.current().pid()
                    || (user >= FIRST_USER && user < FIRST_USER + FenceSettings.USERS);
        });
    }

    private static List<String> processes(Predicate<String> wanted) {
        var found = new ArrayList<String>();
        try (var entries = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (var entry : entries) {
                var status = read(entry.resolve("status"));
                if (!status.isEmpty() && wanted.test(status)) {
                    found.add(status.lines().limit(3).toList() + " " + read(entry.resolve("cmdline")));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found;
    }

    private static long number(String status, String key) {
        return status.lines()
                .filter(line -> line.startsWith(key))
                .map(line -> Long.parseLong(line.substring(key.length()).strip().split("\\s+", 2)[0]))
                .findFirst()
                .orElse(-1L);
    }

    private static String read(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        } catch (IOException ended) {
            return "";
        }
    }
}
