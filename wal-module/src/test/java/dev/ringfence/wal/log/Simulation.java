package dev.ringfence.wal.log;

import dev.ringfence.wal.log.MemoryDisk.Operation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The lives of one log on a disk in memory: appending, discarding, failing, dying and recovering, all on this thread and
 * all decided by a seed, so that a seed that fails once fails always.
 */
final class Simulation {
    static final Path DIRECTORY = Path.of("/log");
    private static final String FILLING = "abcdefghijklmnopqrstuvwxyz".repeat(160);

    /** What goes wrong in a life, from its nth operation of the given kinds on. */
    record Plan(Kind kind, Set<Operation> operations, int at, int count) {
        enum Kind {
            NOTHING,
            KILLED,
            POWER_LOST,
            BROKEN,
            FULL,
            TOO_MANY_FILES
        }

        static final Plan NOTHING = new Plan(Kind.NOTHING, EnumSet.noneOf(Operation.class), 0, 0);

        static Plan random(Random luck) {
            var kind = any(luck, Kind.values());
            var at = luck.nextInt(1 + luck.nextInt(80));
            return new Plan(
                    kind,
                    switch (kind) {
                        case NOTHING -> EnumSet.noneOf(Operation.class);
                        case KILLED, POWER_LOST -> EnumSet.allOf(Operation.class);
                        case BROKEN -> EnumSet.of(any(luck, Operation.values()));
                        case FULL -> EnumSet.of(Operation.WRITE, Operation.CREATE, Operation.RENAME);
                        case TOO_MANY_FILES ->
                            EnumSet.of(Operation.LIST, Operation.OPEN, Operation.CREATE, Operation.OPEN_DIRECTORY);
                    },
                    at,
                    1 + luck.nextInt(6));
        }
    }

    private static <T> T any(Random luck, T[] all) {
        return all[luck.nextInt(all.length)];
    }

    private final Random luck;
    private final Oracle oracle = new Oracle();
    private final LogOptions options;
    private MemoryDisk disk = new MemoryDisk();
    private int texts;
    private int operations;

    Simulation(long seed) {
        luck = new Random(seed);
        var segment = 512 << luck.nextInt(4);
        options = LogOptions.defaults()
                .withSizes(segment, 16 + luck.nextInt(segment - SegmentHeader.SIZE - Frame.HEADER - 16))
                .withAcknowledgements(Runnable::run);
    }

    /** Several lives with whatever goes wrong in them, and a last one in which nothing does. */
    static void run(long seed) {
        var simulation = new Simulation(seed);
        var lives = 1 + simulation.luck.nextInt(5);
        for (int i = 0; i < lives; i++) {
            simulation.live(Plan.random(simulation.luck));
        }
        simulation.end();
    }

    /** How many operations of the plan's kinds the last life made. */
    int operations() {
        return operations;
    }

    void live(Plan plan) {
        var world = new World(disk, plan);
        disk.breakWith(world);
        try {
            var life = new Life(recover());
            for (int rounds = 1 + luck.nextInt(24); rounds > 0; rounds--) {
                var refused = life.append(1 + luck.nextInt(5));
                if (refused && luck.nextInt(4) == 0) {
                    break;
                }
                if (luck.nextInt(12) == 0) {
                    life.discard();
                }
            }
            if (plan.kind() == Plan.Kind.TOO_MANY_FILES) {
                require(!life.failed, "too many open files ended the writing");
            }
            life.close();
        } catch (IOException | LogException.NoSpace e) {
            requireExpected(plan, e);
        }
        operations = world.seen;
        disk = world.left();
    }

    /** Recovers twice without any trouble; the second time changes nothing. */
    void end() {
        disk.breakWith((operation, file) -> {});
        try {
            new Life(recover()).close();
            var before = disk.content();
            var opened = recover();
            new Life(opened).close();
            var after = disk.content();
            require(opened.tail() instanceof Tail.Clean, "the second recovery found a torn tail");
            require(before.keySet().equals(after.keySet()), before.keySet() + " became " + after.keySet());
            before.forEach((file, content) ->
                    require(Arrays.equals(content, after.get(file)), "the second recovery changed " + file));
        } catch (IOException e) {
            throw new AssertionError("nothing was wrong with the disk", e);
        }
    }

    private Recovery.Opened recover() throws IOException {
        try {
            return recover(1);
        } catch (LogException.Discarded e) {
            oracle.beginsWith(e.firstSequence());
            var middle = Math.max(e.firstSequence(), oracle.lastCertain() - luck.nextInt(20));
            return recover(luck.nextBoolean() ? e.firstSequence() : middle);
        }
    }

    private Recovery.Opened recover(long from) throws IOException {
        var recovered = new ArrayList<String>();
        var opened = new Recovery(new SegmentDirectory(DIRECTORY, disk), options, from, (sequence, time, payload) -> {
                    require(sequence == from + recovered.size(), "record " + sequence + " in the wrong place");
                    recovered.add(new String(payload, StandardCharsets.ISO_8859_1));
                })
                .run();
        oracle.recovered(from, recovered);
        return opened;
    }

    private static void requireExpected(Plan plan, Exception e) {
        if (plan.kind() == Plan.Kind.NOTHING) {
            throw new AssertionError("nothing was wrong with the disk", e);
        }
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

    /** The disk's side of a life. */
    private final class World implements MemoryDisk.Fault {
        private final MemoryDisk disk;
        private final Plan plan;
        private int seen;
        private boolean dead;
        private @Nullable MemoryDisk left;

        World(MemoryDisk disk, Plan plan) {
            this.disk = disk;
            this.plan = plan;
        }

        @Override
        public void before(Operation operation, Path file) throws IOException {
            if (dead) {
                left();
                throw new IOException("dead");
            }
            if (!plan.operations().contains(operation)) {
                return;
            }
            var number = seen++;
            if (number < plan.at() || number >= plan.at() + plan.count()) {
                return;
            }
            switch (plan.kind()) {
                case NOTHING -> {}
                case BROKEN -> throw new IOException(MemoryDisk.BROKEN);
                case FULL -> throw new IOException(MemoryDisk.FULL);
                case TOO_MANY_FILES -> throw new IOException(MemoryDisk.TOO_MANY);
                case KILLED, POWER_LOST -> {
                    dead = true;
                    if (operation != Operation.WRITE) {
                        left();
                    }
                    // A write is cut in half first; what is left is seen at the next operation.
                    throw new IOException("dies");
                }
            }
        }

        /** What this life leaves to the next. */
        MemoryDisk left() {
            if (left == null) {
                // Whatever else went wrong, the end may always come with the power's.
                left = plan.kind() == Plan.Kind.POWER_LOST || (plan.kind() != Plan.Kind.KILLED && luck.nextInt(3) == 0)
                        ? disk.afterPowerLoss(luck, luck.nextInt(3) / 2.0)
                        : disk.afterKill();
            }
            return left;
        }
    }

    /** The program's side of a life. */
    private final class Life {
        private final AppendQueue queue = new AppendQueue(Integer.MAX_VALUE, Long.MAX_VALUE);
        private final LogWriter writer;
        private final Retention retention;
        private boolean failed;
        private int refusals;

        Life(Recovery.Opened opened) {
            var directory = new SegmentDirectory(DIRECTORY, disk);
            writer = new LogWriter(
                    directory, options, queue, new Acknowledger(queue, Runnable::run), Runnable::run, opened);
            retention = new Retention(directory, opened.firstSequence());
        }

        /** Returns whether one of them was refused. */
        boolean append(int count) {
            var appends = new ArrayList<Append>();
            var names = new ArrayList<List<String>>();
            for (int i = 0; i < count; i++) {
                names.add(together());
                appends.add(new Append(names.getLast().stream()
                        .map(name -> Payload.of(name.getBytes(StandardCharsets.ISO_8859_1)))
                        .toList()));
            }
            writer.settle(appends);
            for (int i = 0; i < count; i++) {
                judge(names.get(i), appends.get(i));
            }
            var before = refusals;
            refusals = 0;
            return before > 0;
        }

        /** One record, or several that stand together and fit into a segment. */
        private List<String> together() {
            var names = new ArrayList<String>();
            var left = options.segmentBytes() - SegmentHeader.SIZE;
            do {
                var name = text();
                left -= Frame.sizeOf(name.length());
                if (left >= 0) {
                    oracle.submitted(name);
                    names.add(name);
                }
            } while (left > 0 && luck.nextInt(3) == 0);
            return names;
        }

        private String text() {
            var text = texts++ + ".";
            var filling = luck.nextInt(options.maxPayloadBytes() - 10) + 10 - text.length();
            return filling > 0 ? text + FILLING.substring(0, filling) : text;
        }

        private void judge(List<String> names, Append append) {
            append.outcome()
                    .subscribe()
                    .with(
                            last -> {
                                require(!failed, "record " + last + " was acknowledged after a failure");
                                for (int i = 0; i < names.size(); i++) {
                                    oracle.acknowledged(last - names.size() + 1 + i, names.get(i));
                                }
                            },
                            failure -> {
                                if (failure instanceof LogException.Failed) {
                                    failed = true;
                                } else {
                                    require(failure instanceof LogException.NoSpace, "refused with " + failure);
                                    names.forEach(oracle::refused);
                                    refusals++;
                                }
                            });
        }

        void discard() {
            var until = 1 + luck.nextInt((int) Math.max(1, writer.lastSequence()));
            if (writer.health() instanceof Health.Failed) {
                return;
            }
            oracle.discarding(until);
            try {
                retention.discardBefore(until);
                oracle.discarded(retention.firstSequence());
            } catch (IOException e) {
                var _ = writer.failBecause(e);
            } catch (LogException.NoSpace | LogException.Failed _) {
                // Whether it begins anew is seen at the next recovery.
            }
        }

        void close() {
            queue.close();
            writer.run();
        }
    }
}
