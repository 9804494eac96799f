package dev.ringfence.runner.fence;

import dev.ringfence.runner.fence.cgroup.JobCgroup;
import dev.ringfence.runner.process.Usage;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What one job used, by the control group where it counts, by the watchdog where that looked, and otherwise by what the
 * kernel told of the processes that were waited for.
 */
final class JobAccount {
    private static final String GROUP = "control group";

    private final Optional<JobCgroup> group;
    private final Belongings belongings;
    private final Watchdog watchdog;
    private final Optional<TaskLimit> tasks;
    private JobCgroup.@Nullable Readings readings;

    JobAccount(Belongings belongings, Watchdog watchdog, Optional<TaskLimit> tasks) {
        this.group = belongings.group;
        this.belongings = belongings;
        this.watchdog = watchdog;
        this.tasks = tasks;
    }

    /** So far, as the control group counts; zero without one. From any thread, also when the group has gone meanwhile. */
    long peakMemoryBytes() {
        try {
            return group.map(JobCgroup::peakMemoryBytes).orElse(0L);
        } catch (UncheckedIOException e) {
            return 0;
        }
    }

    /** Closes the account, once nothing of the tree is left: all below holds from then on. */
    Usage close(Usage counted) {
        watchdog.lookBack();
        readings = group.map(JobCgroup::readings).orElse(null);
        var cpu = cpu(counted);
        var memory = memory();
        var written = written(counted);
        var most = mostTasks();
        return new Usage(
                cpu.user(),
                cpu.system(),
                cpu.source(),
                memory.amount(),
                counted.wall(),
                memory.source(),
                written.amount(),
                written.source(),
                most.map(Figure::amount).map(OptionalLong::of).orElse(OptionalLong.empty()),
                most.map(Figure::source).orElse(counted.tasksSource()));
    }

    private record Figure(long amount, String source) {}

    private record Cpu(Duration user, Duration system, String source) {}

    private Cpu cpu(Usage counted) {
        var accounted = readings()
                .filter(found ->
                        !found.cpuUser().isNegative() && !found.cpuSystem().isNegative());
        if (accounted.isPresent()) {
            return new Cpu(accounted.get().cpuUser(), accounted.get().cpuSystem(), GROUP);
        }
        // The kernel tells of no child that nobody waited for.
        long waited = counted.cpuUser().plus(counted.cpuSystem()).toNanos();
        var unwaited = Duration.ofNanos(Math.max(0, watchdog.cpuNanos() - waited));
        return new Cpu(
                counted.cpuUser().plus(unwaited),
                counted.cpuSystem(),
                unwaited.isZero() ? counted.cpuSource() : "watchdog (at least)");
    }

    /**
     * What the kernel counted without a group is the service's own memory, which a child shares until its program begins:
     * that says nothing of the job.
     */
    private Figure memory() {
        long ofGroup = readings().map(JobCgroup.Readings::peakMemoryBytes).orElse(0L);
        if (ofGroup > 0) {
            return new Figure(ofGroup, GROUP);
        }
        return watchdog.peakMemory() > 0
                ? new Figure(watchdog.peakMemory(), "watchdog (sum of processes)")
                : new Figure(0, "over before it was looked at");
    }

    /** The group counts what has come to the disk by now; a process, what it gave the kernel to write. */
    private Figure written(Usage counted) {
        long writtenBack = readings()
                .map(JobCgroup.Readings::writtenBytes)
                .orElse(OptionalLong.empty())
                .orElse(0);
        return writtenBack > counted.writtenBytes()
                ? new Figure(writtenBack, GROUP)
                : new Figure(counted.writtenBytes(), counted.writtenSource());
    }

    private Optional<Figure> mostTasks() {
        var ofGroup = readings().map(JobCgroup.Readings::mostTasks).orElse(OptionalLong.empty());
        if (ofGroup.isPresent()) {
            return Optional.of(new Figure(ofGroup.getAsLong(), GROUP));
        }
        return watchdog.mostTasks() > 0
                ? Optional.of(new Figure(watchdog.mostTasks(), "watchdog (most that it saw)"))
                : Optional.empty();
    }

    /** What the control group counted. */
    Optional<JobCgroup.Readings> readings() {
        return Optional.ofNullable(readings);
    }

    /** Whether the kernel or the watchdog ended the job, or some of it, for its memory or its files. */
    boolean overstepped() {
        return !watchdog.hits().isEmpty()
                || readings().map(found -> found.memoryKills() > 0).orElse(false);
    }

    /** For what the watchdog ended the job. */
    List<LimitHit> watched() {
        return watchdog.hits();
    }

    /** Whether temporary files had no room left when somebody looked. */
    boolean temporaryWasFull() {
        return watchdog.temporaryWasFull()
                || belongings.disk.filter(DiskUse::temporaryWasFull).isPresent();
    }

    /** Whether a file reached the largest size where the service counts what the job adds. */
    boolean reachedLargestFile() {
        return belongings.disk.filter(DiskUse::reachedLargest).isPresent();
    }

    /** How many tasks the service refused. */
    long refusedTasks() {
        return tasks.map(TaskLimit::refused).orElse(0L);
    }

    /** As in {@link Watchdog#tasksBeyond}. */
    OptionalLong tasksBeyond() {
        return watchdog.tasksBeyond();
    }
}
