package watchers;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import service.Figures;
import service.PackagedService;

/**
 * Thousands of watchers of one job's events, a few of which stop reading: what the service needs for them, and whether each
 * of them hears every event once, those included that were cut off and went on. The peer is the same without any that stops
 * reading, in the same run.
 */
final class Bench {
    private static final double GOAL = 1.25;
    private static final int STALL_SECONDS = 5;
    private static final int LINES = 100;
    private static final int LINE_BYTES = 10_000;

    private static final String CATALOG = """
            [slm]
            default_sandbox_profile = "bench"
            [slm.sandbox_profiles.bench.process_limits]
            max_child_processes = 8
            max_execution_time_seconds = 600
            process_priority = 0
            """;

    private final int watchers;

    private Bench(int watchers) {
        this.watchers = watchers;
    }

    /** Argument: {@code --smoke}. */
    public static void main(String[] arguments) throws Exception {
        boolean smoke = List.of(arguments).contains("--smoke");
        int watchers = smoke ? 100 : Integer.getInteger("watchers", 5_000);
        var bench = new Bench(watchers);
        System.out.printf(
                Locale.ROOT,
                "%s form, %s, %d watchers of %.0f MB each, stall limit %d s%n",
                PackagedService.form(),
                Figures.machine(),
                watchers,
                LINES * LINE_BYTES / 1e6,
                STALL_SECONDS);
        System.out.printf("%-28s %10s %10s %10s %10s %10s%n", "MB of the service", "before", "connected", "peak", "after", "seconds");
        var without = bench.round(0);
        var with = bench.round(Math.max(1, watchers / 100));
        double ratio = (double) with.peak / without.peak;
        System.out.printf(
                Locale.ROOT, "%-28s %43.2f   goal ≤ %.2f%n", "peak, with : without stalled", ratio, GOAL);
        boolean good = with.wrong + without.wrong == 0 && with.cut == with.stalled;
        System.exit(good && (smoke || ratio <= GOAL) ? 0 : 1);
    }

    private record Round(long peak, int stalled, int cut, int wrong) {}

    private Round round(int stalled) throws Exception {
        try (var service = new PackagedService(
                CATALOG,
                "ringfence.http.stall-limit=" + STALL_SECONDS + "s",
                // With room for those that were cut off and come again.
                "quarkus.http.limits.max-connections=" + (2 * watchers + 64),
                "ringfence.jobs.event-buffer=16777216",
                "ringfence.jobs.default-deadline=600s")) {
            // So that both jobs find it: the one that waits opens it for reading.
            awaitEnd(service, submit(service, "mkfifo $RINGFENCE_WORKSPACE/go"));
            var job = submit(service, "read go < $RINGFENCE_WORKSPACE/go; for i in $(seq " + LINES + "); do head -c "
                    + LINE_BYTES + " /dev/zero | tr '\\0' x; echo; done");
            long before = service.memory("VmRSS");
            var all = new ArrayList<Watcher>();
            var threads = new ArrayList<Thread>();
            var connected = new AtomicLong();
            for (int i = 0; i < watchers; i++) {
                var watcher = new Watcher(service.port(), job, i < stalled);
                all.add(watcher);
                threads.add(Thread.ofVirtual().start(() -> watcher.run(connected::incrementAndGet)));
                if (i % 100 == 99) {
                    // The queue of a listening socket is bounded.
                    awaitAtLeast(connected, i + 1);
                }
            }
            awaitAtLeast(connected, watchers);
            long with = service.memory("VmRSS");
            long began = System.nanoTime();
            submit(service, "echo go > $RINGFENCE_WORKSPACE/go");
            awaitEnd(service, job);
            for (int i = stalled; i < watchers; i++) {
                threads.get(i).join();
            }
            double seconds = (System.nanoTime() - began) / 1e9;
            // Whoever stopped reading is cut off by then, and finds out.
            Thread.sleep(2_000L * STALL_SECONDS);
            all.forEach(Watcher::goOn);
            for (var thread : threads) {
                thread.join();
            }
            long peak = service.memory("VmHWM");
            System.out.printf(
                    Locale.ROOT,
                    "%-28s %10.0f %10.0f %10.0f %10.0f %10.1f%n",
                    stalled == 0 ? "none stalled" : stalled + " stalled",
                    before / 1e6,
                    with / 1e6,
                    peak / 1e6,
                    service.memory("VmRSS") / 1e6,
                    seconds);
            int cutOfStalled = (int) all.stream().filter(Watcher::stalls).filter(Watcher::wasCut).count();
            long events = all.getFirst().heard();
            int wrong = 0;
            for (var watcher : all) {
                if (watcher.fault() != null || watcher.heard() != events) {
                    wrong++;
                    System.out.println(watcher.fault() + ", after " + watcher.heard() + " of " + events + " events");
                }
            }
            System.out.printf(
                    "  each of %d heard %d events once, in order: %s; %d of %d that stopped reading were cut off and went on, %d others were%n",
                    watchers, events, wrong == 0 ? "yes" : "no, " + wrong + " did not",
                    cutOfStalled, stalled,
                    all.stream().filter(watcher -> !watcher.stalls()).filter(Watcher::wasCut).count());
            return new Round(peak, stalled, cutOfStalled, wrong);
        }
    }

    /** The id of a shell job. */
    private static String submit(PackagedService service, String command) throws Exception {
        var escaped = command.replace("\\", "\\\\").replace("\"", "\\\"");
        return PackagedService.id(service.submit(
                "{\"capability\":\"ShellExec\",\"deadline_seconds\":600,\"arguments\":{\"timeout\":300,\"cmd\":\"" + escaped + "\"}}",
                false));
    }

    private static void awaitEnd(PackagedService service, String job) throws Exception {
        while (true) {
            var body = service.get("/api/v1/jobs/" + job).body();
            if (body.contains("\"state\":\"completed\"")) {
                return;
            }
            if (!body.contains("\"state\":\"started\"") && !body.contains("\"state\":\"submitted\"")) {
                throw new IllegalStateException(body.substring(0, Math.min(1000, body.length())));
            }
            Thread.sleep(50);
        }
    }

    private static void awaitAtLeast(AtomicLong counter, long least) throws InterruptedException {
        for (int i = 0; counter.get() < least; i++) {
            if (i > 60_000) {
                throw new IllegalStateException("only " + counter + " of " + least + " watchers came through");
            }
            Thread.sleep(1);
        }
    }
}
