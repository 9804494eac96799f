package telemetry;

import dev.ringfence.runner.telemetry.HostTelemetry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import service.Figures;

/**
 * How long one reading of the host's load takes, which each job waits for twice. The peers are to start and await one
 * program, which is what a reading by the tools of the host would take at least, and to read one file of /proc.
 */
final class Bench {
    /** A reading is used for a tenth of a second. */
    private static final long STALE = Duration.ofMillis(101).toNanos();

    private static final double GOAL_MS = 1.0;

    private Bench() {}

    private interface Work {
        void run() throws Exception;
    }

    /** Argument: {@code --smoke}. */
    public static void main(String[] arguments) throws Exception {
        int rounds = List.of(arguments).contains("--smoke") ? 10 : 200;
        var reading = new ArrayList<Long>();
        var program = new ArrayList<Long>();
        var file = new ArrayList<Long>();
        try (var telemetry = HostTelemetry.on(Path.of("."), () -> Duration.ZERO)) {
            for (int i = -20; i < rounds; i++) {
                LockSupport.parkNanos(STALE);
                long[] round = {
                    nanos(telemetry::read),
                    nanos(() -> Files.readString(Path.of("/proc/meminfo"))),
                    nanos(() -> new ProcessBuilder("true").start().waitFor())
                };
                if (i >= 0) {
                    reading.add(round[0]);
                    file.add(round[1]);
                    program.add(round[2]);
                }
            }
        }
        System.out.printf(
                "%s, %d rounds%n", Figures.machine(), rounds);
        System.out.printf("%-34s %10s %10s%n", "", "p50", "p99");
        row("one reading of the host's load", reading);
        row("/proc/meminfo alone", file);
        row("one program, started and awaited", program);
        double p50 = Figures.quantile(reading, 0.5);
        System.out.printf(
                Locale.ROOT,
                "a reading takes %.3f of a program's time; goal: p50 below %.1f ms: %s%n",
                p50 / Figures.quantile(program, 0.5),
                GOAL_MS,
                p50 < GOAL_MS * 1e6 ? "met" : "missed");
        System.exit(p50 < GOAL_MS * 1e6 || rounds < 100 ? 0 : 1);
    }

    private static long nanos(Work work) throws Exception {
        long began = System.nanoTime();
        work.run();
        return System.nanoTime() - began;
    }

    private static void row(String what, List<Long> nanos) {
        System.out.printf(
                Locale.ROOT,
                "%-34s %7.3f ms %7.3f ms%n",
                what,
                Figures.quantile(nanos, 0.5) / 1e6,
                Figures.quantile(nanos, 0.99) / 1e6);
    }
}
