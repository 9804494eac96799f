package dev.ringfence.runner.fence;

import dev.ringfence.runner.process.Census;
import dev.ringfence.runner.process.JobMark;
import dev.ringfence.runner.process.KernelFile;
import dev.ringfence.runner.process.ProcessEntry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Processor time and block I/O of a job's processes, where no control group counts them. Of children that come and go
 * between two looks and that nobody waits for it is estimated, see {@link Tally}. Used by one thread.
 */
final class Consumption {
    private static final Path LOAD = Path.of("/proc/loadavg");
    private static final Path UPTIME = Path.of("/proc/uptime");
    private static final double TICK_NANOS = Duration.ofMillis(10).toNanos();

    /** The least that a process is taken to have lived for, as far as that shows. */
    private static final double SHORT_NANOS = Duration.ofMillis(2).toNanos();

    private static final int NOBODY = 0;

    private final JobMark mark;
    private final int processors = Runtime.getRuntime().availableProcessors();
    private final Tally cpu = new Tally();
    private final Tally shownCpu = new Tally();
    private final Tally bytes = new Tally();
    private long lookedAt;

    Consumption(JobMark mark) {
        this.mark = mark;
    }

    /** Processor time in nanoseconds. */
    double cpuNanos() {
        return cpu.total();
    }

    /** The same without any estimate, so at least. */
    long shownCpuNanos() {
        return Math.round(shownCpu.total());
    }

    /** From and to block devices. */
    double bytes() {
        return bytes.total();
    }

    /**
     * Looks once.
     *
     * @param moved what each read and wrote, with the children it has waited for
     * @param now by {@link System#nanoTime}
     */
    void look(List<ProcessEntry> members, Map<ProcessEntry, Long> moved, long now) {
        // At the first look all are new, also what has been there for long.
        double elapsed = lookedAt == 0 ? 0 : now - lookedAt;
        lookedAt = now;
        var runs = new ArrayList<Tally.Shown>();
        var shown = new ArrayList<Tally.Shown>();
        double share = share(members);
        for (var member : members) {
            double own = member.ownCpu().toNanos();
            double waited = member.waitedCpu().toNanos();
            double assumed = member.running() ? elapsed * member.threads() * share : 0;
            runs.add(new Tally.Shown(member.pid(), member.started(), own, waited, assumed));
            shown.add(new Tally.Shown(member.pid(), member.started(), own, waited, 0));
        }
        // The service waits for orphans.
        var orphans = new Tally.Shown(NOBODY, NOBODY, 0, Census.reapedCpu(mark).toNanos(), 0);
        runs.add(orphans);
        shown.add(orphans);
        cpu.add(runs);
        shownCpu.add(shown);
        if (!moved.isEmpty()) {
            double ticks = uptimeTicks();
            bytes.add(moved.entrySet().stream()
                    .map(entry -> moved(entry.getKey(), entry.getValue(), elapsed, ticks))
                    .toList());
        }
    }

    /** What it moved in its life so far it may have moved again and again, under other numbers, since the last look. */
    private static Tally.Shown moved(ProcessEntry member, long moved, double elapsed, double ticks) {
        double age = Math.max(SHORT_NANOS, (ticks - member.started()) * TICK_NANOS);
        return new Tally.Shown(member.pid(), member.started(), 0, moved, moved * elapsed / age);
    }

    /** Of the host, in the unit in which processes tell when they were started; zero makes them all young. */
    private static double uptimeTicks() {
        try {
            var text = KernelFile.read(UPTIME);
            return Math.floor(Double.parseDouble(text.substring(0, text.indexOf(' '))) * 100);
        } catch (IOException e) {
            return 0;
        }
    }

    /**
     * Of a processor, for each thread of those that are new and at it: there are only so many, and others on the host wait
     * for them as well. The job's other threads do not count among those, since it may have given them a lower priority.
     */
    private double share(List<ProcessEntry> members) {
        int known = 0;
        int fresh = 0;
        for (var member : members) {
            if (cpu.knows(member.pid(), member.started())) {
                known += member.threads();
            } else if (member.running()) {
                fresh += member.threads();
            }
        }
        return fresh == 0 ? 0 : Math.min(1, (double) processors / Math.max(fresh, running() - known));
    }

    /** Threads of the host that use a processor or wait for one; zero when that is not told. */
    private static int running() {
        try {
            // Three averages, then this number, a slash, and the number of all threads (proc(5)).
            var counts = KernelFile.read(LOAD).split(" ", 5)[3];
            return Integer.parseInt(counts.substring(0, counts.indexOf('/')));
        } catch (IOException e) {
            return 0;
        }
    }
}
