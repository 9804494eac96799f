package dev.ringfence.runner.fence;

import dev.ringfence.runner.process.Census;
import dev.ringfence.runner.process.HeldFiles;
import dev.ringfence.runner.process.JobMark;
import dev.ringfence.runner.process.ProcessEntry;
import dev.ringfence.runner.process.ProcessException;
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
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

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

    /** For telling apart what processes share; a job can make that slow. */
    private static final long SHARES_NANOS = Duration.ofMillis(250).toNanos();

    /** How long a look at files is waited for. */
    private static final long SHORT_LOOK_NANOS = Duration.ofMillis(10).toNanos();

    /** Far beyond what it takes to go through as many files as are gone through; whatever hangs then is nothing of the job's. */
    private static final long LAST_LOOK_NANOS = Duration.ofSeconds(60).toNanos();

    /** Platform threads: a look may hang in the kernel, as at a network that is gone. */
    private static final Executor LOOKERS = new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            10,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            Thread.ofPlatform()
                    .name("files-watch-", 0)
                    .daemon(true)
                    .stackSize(512 * 1024L)
                    .factory());

    /**
     * Between two looks, beyond the tasks that a job may have: each keeps its place in the process table until the service
     * has waited for it, and takes it from the other jobs of the same user.
     */
    private static final long MOST_ORPHANS = 256;

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
    private long orphansThen;
    private long filesAt;
    private long diskSeen;
    private long diskSeenAt;
    private long bufferBytes;
    private long peakMemory;
    private int hidden;
    private int blind;
    private @Nullable CompletableFuture<Seen> looking;
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

    /** Whether temporary files in memory had no room left at a look. */
    boolean temporaryWasFull() {
        return temporary.wasFull();
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
        try {
            lookAt(tree, end);
            blind = 0;
        } catch (ProcessException e) {
            // The service is short of something; for a moment a job may go on without being looked at.
            blind++;
            if (blind == MOST_HIDDEN) {
                throw e;
            }
        }
    }

    private void lookAt(Tree tree, Runnable end) {
        var members = Census.members(mark);
        var moved = watch.ioBytesPerSecond() > 0
                ? Census.blockBytes(members, belongings.user)
                : Optional.of(Map.<ProcessEntry, Long>of());
        // Tasks first: that is the cheapest look, and there may be many.
        var hit = tasks(members)
                .or(() -> memory(members))
                .or(() -> files(members))
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
        if (hits.isEmpty() && watchesFiles()) {
            var before = looking == null ? CompletableFuture.completedFuture(null) : looking.handle((_, _) -> null);
            looking = before.thenApplyAsync(_ -> seen(List.of(), true), LOOKERS);
            looked(LAST_LOOK_NANOS).flatMap(this::judge).ifPresent(hits::add);
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
        long orphans = Census.reapedCount(mark);
        long ended = orphans - orphansThen;
        orphansThen = orphans;
        if (watch.tasks() > 0 && ended > watch.tasks() + MOST_ORPHANS) {
            return Optional.of(new LimitHit(
                    "process_limits.max_child_processes",
                    watch.tasks() + " tasks",
                    ended + " processes that had ended and that only the service was left to wait for"));
        }
        return watch.tasks() == 0 || tasks <= watch.tasks()
                ? Optional.empty()
                : Optional.of(new LimitHit(
                        "process_limits.max_child_processes",
                        watch.tasks() + " tasks",
                        tasks + " tasks in " + members.size() + " processes"));
    }

    /**
     * A process that nobody may look into cannot be held to a pace; one that starts or ends is so for moments. Where a group
     * holds what comes to the devices, it may hide the rest.
     */
    private Optional<LimitHit> hidden(boolean shown) {
        hidden = shown || watch.ioByGroup() ? 0 : hidden + 1;
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
            sum = others + shares(members);
        }
        peakMemory = Math.max(peakMemory, sum);
        return sum <= watch.memoryBytes()
                ? Optional.empty()
                : Optional.of(new LimitHit(
                        LimitHit.MEMORY,
                        watch.memoryBytes() + " bytes",
                        sum + " bytes in " + members.size() + " processes"));
    }

    /** What takes too long to be told apart counts in full. */
    private static long shares(List<ProcessEntry> members) {
        long until = System.nanoTime() + SHARES_NANOS;
        long sum = 0;
        for (var member : members) {
            sum += System.nanoTime() - until < 0 ? member.shareOfMemory().orElseGet(member::memory) : member.memory();
        }
        return sum;
    }

    /**
     * What lies in directories and what processes hold open. A job can make a look at them take long, so another thread
     * looks, and neither a deadline nor another limit waits for it.
     */
    private Optional<LimitHit> files(List<ProcessEntry> members) {
        if (!watchesFiles() || (looking == null && System.nanoTime() - filesAt < 0)) {
            return Optional.empty();
        }
        long patience = 0;
        if (looking == null) {
            looking = CompletableFuture.supplyAsync(() -> seen(members, false), LOOKERS);
            // Most are that short, and what was just written is known at once.
            patience = SHORT_LOOK_NANOS;
        }
        return looked(patience).flatMap(this::judge);
    }

    /** What the look found that is under way, if it is over in time. */
    private Optional<Seen> looked(long patienceNanos) {
        try {
            var seen = Objects.requireNonNull(looking).get(patienceNanos, TimeUnit.NANOSECONDS);
            looking = null;
            return Optional.of(seen);
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        } catch (ExecutionException e) {
            looking = null;
            throw e.getCause() instanceof RuntimeException failure ? failure : new IllegalStateException(e.getCause());
        }
    }

    private boolean watchesFiles() {
        return watch.diskBytes() > 0 || watch.memoryBytes() > 0;
    }

    /** What one look found, and when it began. */
    private record Seen(long begun, Optional<HeldFiles> held, DiskUse.Size size) {}

    private Seen seen(List<ProcessEntry> members, boolean last) {
        long begun = System.nanoTime();
        var held = Census.held(members, belongings.user);
        var size = belongings.disk.map(disk -> disk.growth(members, held, last)).orElse(DiskUse.Size.NONE);
        return new Seen(begun, held, size);
    }

    private Optional<LimitHit> judge(Seen seen) {
        bufferBytes = seen.held().map(this::buffers).orElse(bufferBytes);
        var size = seen.size();
        filesAt = System.nanoTime() + rest(size.bytes(), seen.begun());
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
