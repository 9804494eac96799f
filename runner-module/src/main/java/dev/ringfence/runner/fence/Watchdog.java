package dev.ringfence.runner.fence;

import dev.ringfence.runner.process.Census;
import dev.ringfence.runner.process.JobMark;
import dev.ringfence.runner.process.ProcessEntry;
import dev.ringfence.runner.process.Signals;
import dev.ringfence.runner.process.Tree;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Looks at what a job's processes use, where no control group limits it. What goes beyond memory or disk ends the job;
 * what is only too fast is stopped until it is within its allowance again. Used by the thread that watches the job.
 */
final class Watchdog {

    /** Looking through a directory may take a twentieth of the time, unless that would be less than once a second. */
    private static final int REST = 20;

    private static final long LEAST_REST_NANOS = Duration.ofMillis(250).toNanos();
    private static final long MOST_REST_NANOS = Duration.ofSeconds(1).toNanos();

    /** Looks in a row. */
    private static final int MOST_HIDDEN = 20;

    private final Watch watch;
    private final JobMark mark;
    private final Belongings belongings;
    private final Pace cores;
    private final Pace bytes;
    private final TemporaryFiles temporary;
    private final List<LimitHit> hits = new ArrayList<>();
    private long mostTasks;
    private long diskAt;
    private long diskSeen;
    private long diskSeenAt;
    private long peakMemory;
    private int hidden;
    private boolean holding;

    Watchdog(Watch watch, JobMark mark, Belongings belongings) {
        this.watch = watch;
        this.mark = mark;
        this.belongings = belongings;
        long now = System.nanoTime();
        this.cores = new Pace(watch.cores() * 1e9, now);
        this.temporary = new TemporaryFiles(watch.temporaryBytes());
        this.bytes = new Pace(watch.ioBytesPerSecond(), now);
        this.diskAt = now;
        this.diskSeenAt = now;
    }

    /** What ended the job. */
    List<LimitHit> hits() {
        return hits;
    }

    /** How many tasks were seen, when those were more than it may have and the kernel let it have no others. */
    OptionalLong tasksBeyond() {
        return watch.countedTasks() > 0 && mostTasks > watch.countedTasks()
                ? OptionalLong.of(mostTasks)
                : OptionalLong.empty();
    }

    /** The most processes and threads that were seen. */
    long mostTasks() {
        return mostTasks;
    }

    /** The highest memory that was seen. */
    long peakMemory() {
        return peakMemory;
    }

    /**
     * Looks once.
     *
     * @param end ends the job
     */
    void look(Tree tree, Runnable end) {
        if (!hits.isEmpty()) {
            end.run();
            return;
        }
        var members = Census.members(mark);
        var moved = watch.ioBytesPerSecond() > 0 ? Census.blockBytes(members, belongings.user) : OptionalLong.of(0);
        // Tasks first: that is the cheapest look, and there may be many.
        var hit =
                tasks(members).or(() -> memory(members)).or(() -> disk(members)).or(() -> hidden(moved));
        if (hit.isPresent()) {
            hits.add(hit.get());
            end.run();
            return;
        }
        long now = System.nanoTime();
        boolean ahead = watch.cores() > 0
                && cores.ahead(
                        members.stream()
                                .mapToDouble(member -> member.cpu().toNanos())
                                .sum(),
                        now);
        ahead |= watch.ioBytesPerSecond() > 0 && moved.isPresent() && bytes.ahead((double) moved.getAsLong(), now);
        if (ahead) {
            // Each time: what was just being started is not stopped yet.
            tree.signalMarked(Signals.SIGSTOP);
            holding = true;
        } else {
            letGo(tree);
        }
    }

    /** When nothing of the tree is left: what was written between the last look and the end counts as well. */
    void lookBack() {
        if (hits.isEmpty()) {
            diskAt = System.nanoTime();
            disk(List.of()).ifPresent(hits::add);
        }
    }

    /** Lets a job that is held go on, so that it hears a polite signal. */
    void letGo(Tree tree) {
        if (holding) {
            tree.signalMarked(Signals.SIGCONT);
            holding = false;
        }
    }

    private Optional<LimitHit> tasks(List<ProcessEntry> members) {
        long tasks = members.stream()
                .filter(member -> !member.zombie())
                .mapToLong(ProcessEntry::threads)
                .sum();
        mostTasks = Math.max(mostTasks, tasks);
        return watch.tasks() == 0 || tasks <= watch.tasks()
                ? Optional.empty()
                : Optional.of(new LimitHit(
                        "process_limits.max_child_processes",
                        watch.tasks() + " tasks",
                        tasks + " tasks in " + members.size() + " processes"));
    }

    /** A process that nobody may look into cannot be held to a pace; one that starts or ends is so for moments. */
    private Optional<LimitHit> hidden(OptionalLong moved) {
        hidden = moved.isPresent() ? 0 : hidden + 1;
        return hidden < MOST_HIDDEN
                ? Optional.empty()
                : Optional.of(new LimitHit(
                        "resources.max_io_bandwidth_mbps",
                        watch.ioBytesPerSecond() + " bytes/s",
                        "a process hides what it reads and writes"));
    }

    private Optional<LimitHit> memory(List<ProcessEntry> members) {
        if (watch.memoryBytes() == 0) {
            return Optional.empty();
        }
        long files = temporary.memory(members);
        long sum = members.stream().mapToLong(ProcessEntry::memory).sum() + files;
        if (sum > watch.memoryBytes()) {
            // Shared memory was counted for each process that has it.
            sum = files
                    + members.stream()
                            .mapToLong(member -> member.shareOfMemory().orElseGet(member::memory))
                            .sum();
        }
        peakMemory = Math.max(peakMemory, sum);
        return sum <= watch.memoryBytes()
                ? Optional.empty()
                : Optional.of(new LimitHit(
                        "resources.max_memory_mb",
                        watch.memoryBytes() + " bytes",
                        sum + " bytes in " + members.size() + " processes"));
    }

    private Optional<LimitHit> disk(List<ProcessEntry> members) {
        long begin = System.nanoTime();
        if (watch.diskBytes() == 0 || begin - diskAt < 0) {
            return Optional.empty();
        }
        var size = belongings.disk.map(disk -> disk.growth(members)).orElse(DiskUse.Size.NONE);
        diskAt = System.nanoTime() + rest(size.bytes(), begin);
        var observed = size.bytes() > watch.diskBytes()
                ? size.bytes() + " bytes in " + size.files() + " files"
                : size.trouble();
        return observed.isEmpty()
                ? Optional.empty()
                : Optional.of(new LimitHit("resources.max_disk_mb", watch.diskBytes() + " bytes", observed));
    }

    /**
     * Until the next look at the disk. Sooner when the job, writing on as fast as since the last one, would have used up
     * half of its room by then; but not more than half of the time is for looking.
     */
    private long rest(long bytes, long begun) {
        long now = System.nanoTime();
        long took = now - begun;
        long rest = Math.clamp(took * REST, LEAST_REST_NANOS, MOST_REST_NANOS);
        long grown = bytes - diskSeen;
        if (grown > 0) {
            double left = Math.max(0, watch.diskBytes() - bytes) / 2.0;
            rest = Math.clamp((long) (left * (begun - diskSeenAt) / grown), Math.min(took, rest), rest);
        }
        diskSeen = bytes;
        diskSeenAt = begun;
        return rest;
    }
}
