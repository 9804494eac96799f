package fair;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import service.Figures;
import service.PackagedService;

/**
 * What a greedy agent does to others: 64 clients of four agents, 16 each. Three agents' clients each wait for the end of
 * one job before they send the next. The fourth one's send jobs as fast as they are taken and wait for none. The peer is
 * the same service without the fourth, by turns in the same run.
 */
final class Bench {
    private static final int CLIENTS = 16;
    private static final int SLOTS = 4;
    private static final double GOAL = 2.0;
    private static final List<String> MODEST = List.of("a", "b", "c");
    private static final String JOB =
            "{\"capability\":\"ShellExec\",\"agent\":\"%s\",\"arguments\":{\"cmd\":\"sleep 0.1\"}}";

    private static final String CATALOG = """
            [slm]
            default_sandbox_profile = "bench"
            [slm.sandbox_profiles.bench.process_limits]
            max_child_processes = 8
            process_priority = 0
            """;
    private static final Pattern LIVE = Pattern.compile("\"jobs\":\\{\"live\":(\\d+)}");

    private final PackagedService service;
    private final int jobsOfEach;

    private Bench(PackagedService service, int jobsOfEach) {
        this.service = service;
        this.jobsOfEach = jobsOfEach;
    }

    /** Argument: {@code --smoke}. */
    public static void main(String[] arguments) throws Exception {
        boolean smoke = List.of(arguments).contains("--smoke");
        int rounds = smoke ? 1 : 4;
        System.out.printf(
                "%s form, %s, %d slots, %d clients of each agent, jobs of 100 ms%n",
                PackagedService.form(),
                Figures.machine(),
                SLOTS,
                CLIENTS);
        var alone = new ArrayList<Long>();
        var beside = new ArrayList<Long>();
        int greedy = 0;
        try (var service = new PackagedService(CATALOG, "ringfence.jobs.concurrency=" + SLOTS)) {
            var bench = new Bench(service, smoke ? 2 : 8);
            bench.round(false, new AtomicInteger()); // warming up
            for (int i = 0; i < rounds; i++) {
                var taken = new AtomicInteger();
                alone.addAll(bench.round(false, taken));
                beside.addAll(bench.round(true, taken));
                greedy += taken.get();
            }
        }
        System.out.printf(Locale.ROOT, "%-44s %12s %12s %7s %7s%n", "", "beside", "alone", "ratio", "goal");
        row("p50 of the three modest agents", Figures.quantile(beside, 0.5), Figures.quantile(alone, 0.5), 0);
        double ratio = row("p99 of the three modest agents", Figures.quantile(beside, 0.99), Figures.quantile(alone, 0.99), GOAL);
        System.out.printf("%d jobs measured beside the greedy agent, %d without; %d of the greedy agent were taken%n",
                beside.size(), alone.size(), greedy);
        System.exit(smoke || ratio <= GOAL ? 0 : 1);
    }

    private static double row(String what, double beside, double alone, double goal) {
        System.out.printf(
                Locale.ROOT,
                "%-44s %9.0f ms %9.0f ms %7.2f %7s%n",
                what,
                beside / 1e6,
                alone / 1e6,
                beside / alone,
                goal == 0 ? "" : "≤ " + goal);
        return beside / alone;
    }

    /** How long the modest agents' jobs took, each from its submission to its end. */
    private List<Long> round(boolean withGreedy, AtomicInteger taken) throws Exception {
        var times = Collections.synchronizedList(new ArrayList<Long>());
        var over = new AtomicBoolean();
        var greedy = new ArrayList<Thread>();
        if (withGreedy) {
            for (int i = 0; i < CLIENTS; i++) {
                greedy.add(Thread.ofVirtual().start(() -> flood(over, taken)));
            }
            // Measured is what a queue does that is full already.
            while (taken.get() == 0 || live() < 100) {
                Thread.sleep(20);
            }
        }
        var modest = new ArrayList<Thread>();
        for (var agent : MODEST) {
            for (int i = 0; i < CLIENTS; i++) {
                modest.add(Thread.ofVirtual().start(() -> oneAfterTheOther(agent, times)));
            }
        }
        for (var thread : modest) {
            thread.join();
        }
        over.set(true);
        for (var thread : greedy) {
            thread.join();
        }
        while (live() > 0) {
            Thread.sleep(50);
        }
        return times;
    }

    private void oneAfterTheOther(String agent, List<Long> times) {
        for (int i = 0; i < jobsOfEach; i++) {
            long began = System.nanoTime();
            int status = submit(agent, true);
            if (status != 200) {
                throw new IllegalStateException("a modest agent's job was answered with " + status);
            }
            times.add(System.nanoTime() - began);
        }
    }

    private void flood(AtomicBoolean over, AtomicInteger taken) {
        while (!over.get()) {
            int status = submit("greedy", false);
            if (status == 202) {
                taken.incrementAndGet();
            } else if (status == 429) {
                // Greedier than Retry-After allows.
                java.util.concurrent.locks.LockSupport.parkNanos(50_000_000);
            } else {
                throw new IllegalStateException("a greedy agent's job was answered with " + status);
            }
        }
    }

    /** The status of the answer. */
    private int submit(String agent, boolean wait) {
        try {
            return service.submit(JOB.formatted(agent), wait).statusCode();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Jobs that run or wait. */
    private int live() throws Exception {
        var body = service.get("/api/v1/telemetry").body();
        var found = LIVE.matcher(body);
        if (!found.find()) {
            throw new IllegalStateException(body);
        }
        return Integer.parseInt(found.group(1));
    }
}
