package dev.ringfence.wal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringfence.wal.journal.JournalRepair.Finding;
import dev.ringfence.wal.log.Faults;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.LogRemains;
import dev.ringfence.wal.log.MemoryDisk;
import dev.ringfence.wal.log.MemoryDisk.Operation;
import dev.ringfence.wal.log.Plan;
import dev.ringfence.wal.log.Storage;
import dev.ringfence.wal.log.World;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Faults at the operations of a repair: a kill, a power loss, an I/O error, a full disk. Some points of each always, all of
 * them with {@code -Dfaults=all}. The oracle: what was intact before the damage is kept, all that changed or went is among
 * the copies as it was, what could be read behind the damage is saved, and a repair that is repeated ends well.
 */
class RepairFaultsTest {
    private static final Path DIRECTORY = MemoryDisk.ROOT.resolve("journal");
    private static final int SEGMENT = 16 << 10;
    private static final int SOME = 5;

    /** What is wrong before the repair. */
    enum Damage {
        RECORD {
            @Override
            void happen(MemoryDisk disk) throws IOException {
                flip(disk, segments(disk).get(2), 3_000);
            }
        },
        MISSING_SEGMENT {
            @Override
            void happen(MemoryDisk disk) throws IOException {
                disk.delete(segments(disk).get(3));
                sync(disk, DIRECTORY);
            }
        },
        HEADERS_AND_RECORD {
            @Override
            void happen(MemoryDisk disk) throws IOException {
                var segments = segments(disk);
                flip(disk, DIRECTORY.resolve("log.start"), 30);
                flip(disk, segments.get(1), 30);
                flip(disk, segments.get(2), 20);
                flip(disk, segments.get(2), 4_000);
            }
        },
        HEADERS_ALONE {
            @Override
            void happen(MemoryDisk disk) throws IOException {
                flip(disk, DIRECTORY.resolve("log.start"), 30);
                flip(disk, segments(disk).get(1), 30);
                flip(disk, segments(disk).getLast(), 41);
            }
        };

        abstract void happen(MemoryDisk disk) throws IOException;
    }

    @ParameterizedTest
    @EnumSource
    void whateverHappensInARepairNothingIsLostThatWasNotCopiedAndTheNextOneEndsWell(Damage damage) throws IOException {
        // What the damage left has been on the disk for long.
        var damaged = Damaged.of(damaged(damage).afterPowerLoss(new Random(0), 1));
        for (var kind : List.of(
                Plan.Kind.KILLED, Plan.Kind.POWER_LOST, Plan.Kind.BROKEN, Plan.Kind.FULL, Plan.Kind.TOO_MANY_FILES)) {
            // A death before something is read is one before the next change.
            var kinds = EnumSet.copyOf(kind.operations());
            kinds.removeAll(isDeath(kind) ? EnumSet.of(Operation.READ, Operation.OPEN, Operation.LIST) : Set.of());
            int operations = new Case(damaged, new Plan(Plan.Kind.NOTHING, kinds, 0, 1), 0).operations();
            assertThat(operations).isGreaterThan(5);
            for (int at : Faults.points(operations, SOME)) {
                // Once, or from then on for ever.
                for (int count : isDeath(kind) ? List.of(1) : List.of(1, 1_000_000)) {
                    try {
                        new Case(damaged, new Plan(kind, kinds, at, count), at).judge();
                    } catch (AssertionError | RuntimeException e) {
                        throw new AssertionError(
                                damage + ", " + kind + " at operation " + at + ", " + count + " times: " + e, e);
                    }
                }
            }
        }
    }

    private static boolean isDeath(Plan.Kind kind) {
        return kind == Plan.Kind.KILLED || kind == Plan.Kind.POWER_LOST;
    }

    private static MemoryDisk damaged(Damage damage) throws IOException {
        var disk = new MemoryDisk();
        disk.makeDirectory(DIRECTORY);
        sync(disk, MemoryDisk.ROOT);
        try (var journal = Journal.recover(DIRECTORY, options(disk).withRetention(Duration.ofDays(1), 2L * SEGMENT))
                .journal()) {
            fill(journal, 0, 70);
        }
        try (var journal = Journal.recover(DIRECTORY, all(disk)).journal()) {
            assertThat(journal.firstSequence()).isGreaterThan(1);
            Journals.append(journal, Events.submitted("waiting"));
            Journals.append(journal, Events.submitted("running"));
            Journals.append(journal, Events.started("running"));
            fill(journal, 70, 220);
        }
        damage.happen(disk);
        return disk;
    }

    private static void fill(Journal journal, int from, int to) throws IOException {
        for (int i = from; i < to; i++) {
            var id = "job-" + i;
            var bytes = ("output of " + id).getBytes(StandardCharsets.US_ASCII);
            var blob = i % 10 == 0 ? BlobStoreTest.write(journal.blobs(), "stdout", bytes) : null;
            Journals.append(journal, Events.submitted(id));
            Journals.append(journal, Events.started(id));
            Journals.append(
                    journal,
                    new JobEvent.Completed(id, Events.AT, Events.DATA, blob == null ? List.of() : List.of(blob)));
            if (blob != null) {
                journal.blobs().release(blob);
            }
        }
    }

    /**
     * What there is to repair.
     *
     * @param intact the events that have to be kept
     * @param salvageable those behind them that can be read
     */
    private record Damaged(
            MemoryDisk disk,
            Map<Path, byte[]> files,
            JournalRepair.Plan plan,
            List<String> intact,
            List<String> salvageable) {
        static Damaged of(MemoryDisk disk) {
            var plan = ((Finding.Damaged) JournalRepair.examine(DIRECTORY, disk)).plan();
            return new Damaged(
                    disk, disk.content(), plan, kept(disk, plan.lastKept()), RepairFaultsTest.salvageable(disk, plan));
        }
    }

    /** One repair with one fault, and what came of it. */
    private static final class Case {
        private final Damaged before;
        private final World world;
        private MemoryDisk left;
        /** Whether a repair came to its end. */
        private boolean whole;

        Case(Damaged before, Plan fault, long seed) {
            this.before = before;
            // A disk of its own, which has the same.
            var disk = before.disk().afterPowerLoss(new Random(0), 1);
            world = new World(disk, fault, new Random(seed));
            disk.breakWith(world);
            try {
                repair(disk, 0);
                whole = true;
            } catch (LogException | JournalException e) {
                assertThat(fault.kind()).isNotEqualTo(Plan.Kind.NOTHING);
            }
            left = world.left();
            left.breakWith((_, _) -> {});
        }

        int operations() {
            return world.operations();
        }

        void judge() throws IOException {
            int next = 1;
            while (JournalRepair.examine(DIRECTORY, left) instanceof Finding.Damaged) {
                assertThat(next).as("repairs").isLessThan(3);
                repair(left, next++);
                whole = true;
            }
            if (whole) {
                // All of it is durable, then.
                left = left.afterPowerLoss(new Random(0), 0);
            }
            assertThat(JournalRepair.examine(DIRECTORY, left)).isEqualTo(new Finding.Nothing());
            var events = kept(left, Long.MAX_VALUE);
            assertThat(events).startsWith(before.intact().toArray(String[]::new));
            assertThat(events.subList(before.intact().size(), events.size()))
                    .hasSize(before.plan().givesUp() ? before.plan().unsure().size() : 0)
                    .allSatisfy(event -> assertThat(event).contains("the journal was repaired behind event"));
            judgeCopies(next);
            judgeStart();
        }

        /** Each file that was there is there as it was, or a copy of it is. */
        private void judgeCopies(int repairs) {
            var after = left.content();
            before.files().forEach((file, bytes) -> {
                var places = new ArrayList<>(List.of(file));
                for (int i = 0; i < repairs; i++) {
                    places.add(copies(i).resolve(DIRECTORY.relativize(file)));
                }
                assertThat(places)
                        .as("%s and its copies", file)
                        .anyMatch(place -> Arrays.equals(bytes, after.get(place)));
            });
            var saved = after.entrySet().stream()
                    .filter(file -> file.getKey().endsWith(JournalRepair.SALVAGED))
                    .flatMap(file -> new String(file.getValue(), StandardCharsets.UTF_8).lines())
                    .collect(Collectors.toSet());
            assertThat(saved).containsAll(before.salvageable());
        }

        private void judgeStart() throws IOException {
            var recovered =
                    Journal.recover(DIRECTORY, options(left).withRetention(Duration.ofDays(1000), JournalOracle.ALL));
            try (var journal = recovered.journal()) {
                if (before.plan().givesUp()) {
                    assertThat(recovered.jobs()).isEmpty();
                }
                Journal.readWhile(DIRECTORY, 0, left, entry -> {
                    if (entry.event() instanceof JobEvent.End end) {
                        // Throws if it is gone or damaged.
                        end.blobs().forEach(blob -> journal.blobs().file(blob));
                    }
                    return true;
                });
                fill(journal, 500, 505);
            }
        }
    }

    private static List<String> kept(MemoryDisk disk, long last) {
        var proof = new ArrayList<String>();
        LogRemains.of(DIRECTORY, disk).read((sequence, payload) -> {
            if (sequence <= last) {
                proof.add(new JournalRecord(sequence, EventRecord.decodeUnlinked(sequence, payload))
                        .json()
                        .toString());
            }
            return sequence <= last;
        });
        return proof;
    }

    private static List<String> salvageable(MemoryDisk disk, JournalRepair.Plan plan) {
        var lines = new ArrayList<String>();
        if (plan.givesUp()) {
            SalvagedEvents.read(
                    LogRemains.of(DIRECTORY, disk),
                    plan.lastKept(),
                    entry -> lines.add(entry.json().toString()));
            assertThat(lines).hasSize((int) plan.readable()).isNotEmpty();
        }
        return lines;
    }

    private static void repair(MemoryDisk disk, int number) {
        try (var repair = JournalRepair.lock(DIRECTORY, options(disk))) {
            if (repair.examine() instanceof Finding.Damaged) {
                repair.carryOut(copies(number));
            }
        }
    }

    private static Path copies(int number) {
        return MemoryDisk.ROOT.resolve("copies-" + number);
    }

    private static JournalOptions all(Storage disk) {
        return options(disk).withRetention(Duration.ofDays(1000), JournalOracle.ALL);
    }

    private static JournalOptions options(Storage disk) {
        return Journals.OPTIONS.withLog(Journals.OPTIONS.log().withStorage(disk));
    }

    private static List<Path> segments(MemoryDisk disk) throws IOException {
        return disk.list(DIRECTORY).stream()
                .filter(name -> name.endsWith(".wal"))
                .sorted()
                .map(DIRECTORY::resolve)
                .toList();
    }

    private static void flip(MemoryDisk disk, Path path, int at) {
        try (var file = disk.open(path)) {
            var bytes = ByteBuffer.allocate(1);
            file.read(bytes, at);
            file.write(bytes.put(0, (byte) (bytes.get(0) ^ 1)).flip(), at);
            file.sync();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void sync(MemoryDisk disk, Path directory) throws IOException {
        try (var entries = disk.openDirectory(directory)) {
            entries.sync();
        }
    }
}
