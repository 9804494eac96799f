package dev.ringfence.runner.telemetry;

import dev.ringfence.runner.process.ProcStat;
import dev.ringfence.runner.telemetry.Telemetry.Processes;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.function.IntPredicate;

/**
 * Counts all processes that can be seen. That takes a file for each, so a count is kept for some seconds, and on a host
 * with many processes for so long that counting takes no more than a fiftieth of one processor. Zombies of running jobs are
 * no sign of a host in trouble: they are gone with their job, and within its limits. Not thread-safe.
 */
final class ProcessCount {
    private static final long LEAST_NANOS = Duration.ofSeconds(2).toNanos();
    private static final int SHARE = 50;

    private final Path proc;
    private final IntPredicate ofJobs;
    private Processes last = new Processes(0, 0, 0, Instant.EPOCH);
    private long countedAt;
    private long took;
    private boolean counted;

    /** @param ofJobs tells a process of a running job by its number */
    ProcessCount(Path proc, IntPredicate ofJobs) {
        this.proc = proc;
        this.ofJobs = ofJobs;
    }

    /** The newest count. */
    Processes last() {
        return last;
    }

    /** Whether it is time to count again. */
    boolean due(long nanos) {
        return !counted || nanos - countedAt >= Math.max(LEAST_NANOS, took * SHARE);
    }

    void count(long nanos) {
        int total = 0;
        int running = 0;
        int zombies = 0;
        long began = System.nanoTime();
        for (var entry : KernelText.entries(proc, "[0-9]*")) {
            var stat = ProcStat.of(KernelText.read(entry.resolve("stat")));
            if (stat.isEmpty()) {
                continue; // it has ended meanwhile
            }
            total++;
            switch (stat.get().state()) {
                case 'R' -> running++;
                case 'Z' ->
                    zombies += ofJobs.test(Integer.parseInt(entry.getFileName().toString())) ? 0 : 1;
                default -> {}
            }
        }
        took = System.nanoTime() - began;
        countedAt = nanos;
        counted = true;
        last = new Processes(total, running, zombies, Instant.now());
    }
}
