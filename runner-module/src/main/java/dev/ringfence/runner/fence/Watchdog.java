package dev.ringfence.runner.fence;

import dev.ringfence.runner.process.Census;
import dev.ringfence.runner.process.HeldFiles;
import dev.ringfence.runner.process.JobMark;
import dev.ringfence.runner.process.ProcessEntry;
import dev.ringfence.runner.process.Signals;
import dev.ringfence.runner.process.Tree;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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

    private static final Path SOCKET_BYTES = Path.of("/proc/sys/net/core/wmem_default");
    private static final long USUAL_SOCKET_BYTES = 212_992;
    private static final long PIPE_BYTES = 64 << 10;

    /** So much of sockets and pipes is not counted: ordinary programs have some, and hardly anything in them. */
    private static final long FREE_BUFFER_BYTES = 16 << 20;

    /** Looks in a row. */
    private static final int MOST_HIDDEN = 20;

    private final Watch watch;
    private final JobMark mark;
    private final Belongings belongings;
    private final Pace cores;
    private final Pace bytes;
    private final TemporaryFiles temporary;
    private final Consumption consumption;
    private final long socketBytes;
    private final List<LimitHit> hits = new ArrayList<>();
    private long mostTasks;
    private long filesAt;
    private long diskSeen;
    private long diskSeenAt;
    private long bufferBytes;
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
        this.consumption = new Consumption(mark);
        this.socketBytes = watch.memoryBytes() > 0 ? socketBytes() : 0;
        this.filesAt = now;
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

    /** Processor time as far as processes showed it, in nanoseconds; nothing of it is estimated. */
    long cpuNanos() {
        return consumption.shownCpuNanos();
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
        var moved = watch.ioBytesPerSecond() > 0
                ? Census.blockBytes(members, belongings.user)
                : Optional.of(Map.<ProcessEntry, Long>of());
        // Tasks first: that is the cheapest look, and there may be many.
        var hit = tasks(members)
                .or(() -> memory(members))
                .or(() -> files(members, false))
                .or(() -> hidden(moved.isPresent()));
        if (hit.isPresent()) {
            hits.add(hit.get());
            end.run();
            return;
        }
        long now = System.nanoTime();
        consumption.look(members, moved.orElse(Map.of()), now);
        boolean ahead = watch.cores() > 0 && cores.ahead(consumption.cpuNanos(), now);
        ahead |= watch.ioBytesPerSecond() > 0 && bytes.ahead(consumption.bytes(), now);
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
            filesAt = System.nanoTime();
            files(List.of(), true).ifPresent(hits::add);
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
    private Optional<LimitHit> hidden(boolean shown) {
        hidden = shown ? 0 : hidden + 1;
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
        long others = temporary.memory(members) + bufferBytes;
        long sum = members.stream().mapToLong(ProcessEntry::memory).sum() + others;
        if (sum > watch.memoryBytes()) {
            // Shared memory was counted for each process that has it.
            sum = others
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

    /** What lies in directories and what processes hold open; a look takes too long to be made each time. */
    private Optional<LimitHit> files(List<ProcessEntry> members, boolean last) {
        long begin = System.nanoTime();
        if ((watch.diskBytes() == 0 && watch.memoryBytes() == 0) || begin - filesAt < 0) {
            return Optional.empty();
        }
        var held = Census.held(members, belongings.user);
        bufferBytes = held.map(this::buffers).orElse(bufferBytes);
        var size = belongings.disk.map(disk -> disk.growth(members, held, last)).orElse(DiskUse.Size.NONE);
        filesAt = System.nanoTime() + rest(size.bytes(), begin);
        return watch.diskBytes() == 0 || size.bytes() <= watch.diskBytes()
                ? Optional.empty()
                : Optional.of(new LimitHit("resources.max_disk_mb", watch.diskBytes() + " bytes", size.toString()));
    }

    /** What sockets and pipes can hold, of which the kernel tells nobody how full they are. */
    private long buffers(HeldFiles held) {
        return Math.max(
                0, (held.sockets() + held.undelivered()) * socketBytes + held.pipes() * PIPE_BYTES - FREE_BUFFER_BYTES);
    }

    /** What a unix socket may have sent that was not received yet, as the host has set it. */
    private static long socketBytes() {
        try (var setting = Files.newInputStream(SOCKET_BYTES)) {
            // At one stroke: a setting gives only what the first read has room for.
            byte[] digits = new byte[32];
            int length = Math.max(0, setting.read(digits));
            return Long.parseLong(new String(digits, 0, length, StandardCharsets.US_ASCII).strip());
        } catch (IOException | NumberFormatException e) {
            return USUAL_SOCKET_BYTES;
        }
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
