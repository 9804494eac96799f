package dev.ringfence.wal.journal;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.MemoryDisk;
import dev.ringfence.wal.log.Plan;
import dev.ringfence.wal.log.World;
import io.smallrye.mutiny.Uni;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * The lives of one journal on a disk in memory: jobs with blobs and keys, snapshots, files of the index, retention,
 * failures, deaths and starts. A seed decides what is done and what goes wrong. The journal's threads are its own, so the
 * order of their operations is not decided; what holds must hold in any.
 */
final class JournalSimulation {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Random luck;
    private final JournalOracle oracle = new JournalOracle();
    private final JournalOptions options;
    /** Of all lives. */
    private final List<String> ended = new ArrayList<>();

    private MemoryDisk disk = new MemoryDisk();
    private int jobs;
    private int millis;
    private int operations;

    JournalSimulation(long seed) {
        // Seeds that lie close together begin alike; apart they decide differently from the first question on.
        luck = new Random(seed * 0x9E37_79B9_7F4A_7C15L);
        long kept = luck.nextBoolean() ? JournalOracle.ALL : 3L << 14;
        options = JournalOptions.defaults()
                .withSizes(1 << 14, 4096)
                .withSnapshots(luck.nextBoolean() ? Integer.MAX_VALUE : 7, 3)
                .withRetention(Duration.ofDays(1000), kept);
    }

    /** Whatever goes wrong in several lives, each followed by a judgement. */
    static void run(long seed) {
        var simulation = new JournalSimulation(seed);
        for (int lives = 1 + simulation.luck.nextInt(4); lives > 0; lives--) {
            simulation.live(Plan.random(simulation.luck, 200));
        }
    }

    /** Whether a file lies beside the log: a snapshot, a file of the index, a blob, or one of their directories. */
    static boolean isBesideTheLog(Path file) {
        return file.getNameCount() > 2
                || List.of("snapshots", "index", "blobs", SegmentAges.FILE, SegmentAges.FILE + DurableFiles.UNFINISHED)
                        .contains(file.getFileName().toString());
    }

    /** How many operations of the plan's kinds the last life made. */
    int operations() {
        return operations;
    }

    void live(Plan plan) {
        if (luck.nextInt(3) == 0) {
            flip();
        }
        var world = new World(disk, plan, luck);
        disk.breakWith(world);
        try {
            var recovered = Journal.recover(
                    MemoryDisk.ROOT, options.withLog(options.log().withStorage(disk)));
            try (var journal = recovered.journal()) {
                new Life(journal, world, recovered.jobs()).run();
            }
        } catch (LogException | JournalException e) {
            // What is damaged beside the log keeps no journal from starting.
            if (!world.hasHappened()) {
                throw new AssertionError("nothing has gone wrong with the disk yet", e);
            }
        }
        operations = world.operations();
        disk = world.left();
        disk.breakWith((_, _) -> {});
        oracle.judge(disk, options);
    }

    /** Turns a bit of a snapshot or of a file of the index, which are made of the events alone, or of the segments' ages. */
    private void flip() {
        var files = disk.content().entrySet().stream()
                .filter(file -> file.getKey().startsWith(MemoryDisk.ROOT.resolve("snapshots"))
                        || file.getKey().startsWith(MemoryDisk.ROOT.resolve("index"))
                        || file.getKey().endsWith(SegmentAges.FILE))
                .filter(file -> file.getValue().length > 0)
                .toList();
        if (!files.isEmpty()) {
            var file = files.get(luck.nextInt(files.size()));
            var bytes = file.getValue();
            bytes[luck.nextInt(bytes.length)] ^= (byte) (1 << luck.nextInt(8));
            disk.replace(file.getKey(), bytes);
        }
    }

    private final class Life {
        private final Journal journal;
        private final World world;
        private final Map<String, JobRecord> live = new LinkedHashMap<>();
        private boolean failed;

        Life(Journal journal, World world, List<JobRecord> recovered) {
            this.journal = journal;
            this.world = world;
            recovered.forEach(job -> live.put(job.jobId(), job));
        }

        void run() {
            for (int rounds = 4 + luck.nextInt(16); rounds > 0 && !world.isDead() && !failed; rounds--) {
                switch (luck.nextInt(10)) {
                    case 0, 1, 2 -> submit();
                    case 3, 4, 5, 6 -> goOn();
                    case 7 -> undo();
                    case 8 -> audit();
                    default -> snapshot();
                }
                if (luck.nextInt(20) == 0) {
                    flip();
                }
            }
        }

        /** Any job that has ended, however long ago. */
        private void undo() {
            if (!ended.isEmpty()) {
                append(new JobEvent.RolledBack(
                        ended.remove(luck.nextInt(ended.size())), now(), "the-undoing", Events.DATA));
            }
        }

        private void audit() {
            var act = new Audited(now(), "catalog-reloaded", "key-1", null, null, null, null, 1);
            oracle.submitted(List.of(act));
            settle(List.of(act), journal.append(act));
        }

        /** No event is given twice, so that each can be told from all others. */
        private Instant now() {
            return Events.AT.plusMillis(millis++);
        }

        private void submit() {
            var id = "job-" + jobs++;
            append(new JobEvent.Submitted(
                    id,
                    now(),
                    "agent",
                    "FileRead",
                    JsonNodeFactory.instance.objectNode().put("text", "x".repeat(luck.nextInt(2000))),
                    "default",
                    Duration.ofSeconds(30),
                    luck.nextBoolean() ? "key-" + id : null));
        }

        private void goOn() {
            if (live.isEmpty()) {
                return;
            }
            var job = List.copyOf(live.values()).get(luck.nextInt(live.size()));
            var id = job.jobId();
            switch (job.state()) {
                case JobState.Submitted _ -> append(new JobEvent.Validated(id, now()), new JobEvent.Started(id, now()));
                case JobState.Started started
                when luck.nextInt(5) == 0 ->
                    append(new JobEvent.Retried(id, now(), "service-restarted", started.attempts()));
                case JobState.Started _ -> end(id);
                case JobState.Ended _ -> throw new IllegalStateException(id);
            }
        }

        private void end(String id) {
            var blob = blob(id);
            var blobs = blob == null ? List.<BlobRef>of() : List.of(blob);
            append(
                    new JobEvent.OutputTruncated(id, now(), "stdout", 1, 2),
                    new JobEvent.Completed(id, now(), Events.DATA, blobs));
            blobs.forEach(journal.blobs()::release);
        }

        /** Null if there is none, or it could not be kept. */
        private @Nullable BlobRef blob(String id) {
            if (luck.nextInt(3) == 0) {
                return null;
            }
            // Some jobs give the same, which is kept once.
            var bytes = ("output of " + (luck.nextInt(4) == 0 ? "many" : id) + "y".repeat(luck.nextInt(1500)))
                    .getBytes(StandardCharsets.US_ASCII);
            var writer = journal.blobs().write("stdout");
            try (writer) {
                int half = bytes.length / 2;
                writer.write(bytes, 0, half);
                writer.write(bytes, half, bytes.length - half);
                return writer.finish();
            } catch (IOException | UncheckedIOException e) {
                return null;
            }
        }

        private void snapshot() {
            try {
                journal.snapshotNow();
            } catch (IOException | UncheckedIOException | LogException | JournalException.IndexDamaged e) {
                // Tried again, some time. What it leaves is judged.
                if (!world.hasHappened()) {
                    throw new AssertionError("nothing has gone wrong with the disk yet", e);
                }
            }
        }

        private void append(JobEvent... given) {
            var events = List.of(given);
            oracle.submitted(events);
            long last = settle(events, journal.append(events));
            if (last == 0) {
                return;
            }
            var id = events.getFirst().jobId();
            var job = live.get(id);
            if (job == null && !(events.getFirst() instanceof JobEvent.Submitted)) {
                return;
            }
            long sequence = last - events.size();
            var after = JobFold.apply(job, ++sequence, events.getFirst());
            for (var event : events.subList(1, events.size())) {
                after = JobFold.apply(after, ++sequence, event);
            }
            live.remove(id);
            if (after.state() instanceof JobState.Live) {
                live.put(id, after);
            } else {
                ended.add(id);
            }
        }

        /** Returns the last event's number; 0 if they were refused or nobody knows. */
        private long settle(List<? extends JournalEvent> events, Uni<Long> appended) {
            try {
                long last = appended.await().atMost(PATIENCE);
                oracle.acknowledged(last, events);
                return last;
            } catch (LogException.NoSpace | JournalException.IndexDamaged e) {
                oracle.refused(events);
            } catch (JournalException.IllegalTransition e) {
                // An old job whose events were given up cannot be undone.
                JournalOracle.require(events.getFirst() instanceof JobEvent.RolledBack, String.valueOf(e.getMessage()));
                oracle.refused(events);
            } catch (LogException.Failed | LogException.Closed e) {
                // Whether they are durable is seen at the next start.
                failed = true;
            }
            return 0;
        }
    }
}
