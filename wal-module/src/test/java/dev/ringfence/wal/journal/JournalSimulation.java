package dev.ringfence.wal.journal;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.MemoryDisk;
import dev.ringfence.wal.log.Plan;
import dev.ringfence.wal.log.World;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
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
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final Random luck;
    private final JournalOracle oracle = new JournalOracle();
    private final JournalOptions options;
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
        var world = new World(disk, plan, luck);
        disk.breakWith(world);
        try {
            var recovered = Journal.recover(
                    MemoryDisk.ROOT, options.withLog(options.log().withStorage(disk)));
            try (var journal = recovered.journal()) {
                new Life(journal, recovered.jobs()).run(world);
            }
        } catch (LogException | JournalException e) {
            if (plan.kind() == Plan.Kind.NOTHING) {
                throw new AssertionError("nothing was wrong with the disk", e);
            }
        }
        operations = world.operations();
        disk = world.left();
        disk.breakWith((_, _) -> {});
        oracle.judge(disk, options);
    }

    private final class Life {
        private final Journal journal;
        private final Map<String, JobRecord> live = new LinkedHashMap<>();
        private boolean failed;

        Life(Journal journal, List<JobRecord> recovered) {
            this.journal = journal;
            recovered.forEach(job -> live.put(job.jobId(), job));
        }

        void run(World world) {
            for (int rounds = 4 + luck.nextInt(16); rounds > 0 && !world.isDead() && !failed; rounds--) {
                switch (luck.nextInt(6)) {
                    case 0, 1 -> submit();
                    case 2, 3, 4 -> goOn();
                    default -> snapshot();
                }
            }
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
            }
        }

        private void append(JobEvent... given) {
            var events = List.of(given);
            oracle.submitted(events);
            try {
                long last = journal.append(events).await().atMost(PATIENCE);
                oracle.acknowledged(last, events);
                var job = live.get(events.getFirst().jobId());
                for (int i = 0; i < events.size(); i++) {
                    job = JobFold.apply(job, last - events.size() + 1 + i, events.get(i));
                }
                live.remove(events.getFirst().jobId());
                if (job != null && job.state() instanceof JobState.Live) {
                    live.put(job.jobId(), job);
                }
            } catch (LogException.NoSpace e) {
                oracle.refused(events);
            } catch (LogException.Failed | LogException.Closed | JournalException.IndexDamaged e) {
                // Whether they are durable is seen at the next start.
                failed = true;
            }
        }
    }
}
