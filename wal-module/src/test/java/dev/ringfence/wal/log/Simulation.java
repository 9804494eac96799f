package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * The lives of one log on a disk in memory: appending, discarding, failing, dying and recovering, all on this thread and
 * all decided by a seed, so that a seed that fails once fails always.
 */
final class Simulation {
    static final Path DIRECTORY = MemoryDisk.ROOT;
    private static final String FILLING = "abcdefghijklmnopqrstuvwxyz".repeat(160);

    private final Random luck;
    private final Oracle oracle = new Oracle();
    private final LogOptions options;
    private MemoryDisk disk = new MemoryDisk();
    private int texts;
    private int operations;

    Simulation(long seed) {
        // Seeds that lie close together begin alike; apart they decide differently from the first question on.
        luck = new Random(seed * 0x9E37_79B9_7F4A_7C15L);
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
            simulation.live(Plan.random(simulation.luck, 80));
        }
        simulation.end();
    }

    /** How many operations of the plan's kinds the last life made. */
    int operations() {
        return operations;
    }

    void live(Plan plan) {
        var world = new World(disk, plan, luck);
        disk.breakWith(world);
        try {
            var life = new Life(recover());
            life.begin();
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
        operations = world.operations();
        disk = world.left();
    }

    /** Recovers twice without any trouble; the second time changes nothing. */
    void end() {
        disk.breakWith((operation, file) -> {});
        try {
            liveQuietly(recover());
            var before = disk.content();
            var recovered = recover();
            liveQuietly(recovered);
            var after = disk.content();
            require(
                    recovered.replayed().opening().tail() instanceof Tail.Clean,
                    "the second recovery found a torn tail");
            require(before.keySet().equals(after.keySet()), before.keySet() + " became " + after.keySet());
            before.forEach((file, content) ->
                    require(Arrays.equals(content, after.get(file)), "the second recovery changed " + file));
        } catch (IOException e) {
            throw new AssertionError("nothing was wrong with the disk", e);
        }
    }

    private void liveQuietly(Recovered recovered) throws IOException {
        var life = new Life(recovered);
        life.begin();
        require(life.writer.health() instanceof Health.Writable, "nothing was wrong with the disk");
        life.close();
    }

    /** What a recovery gave. */
    private record Recovered(long from, List<String> texts, Recovery.Replayed replayed) {}

    private Recovered recover() throws IOException {
        try {
            return recover(1);
        } catch (LogException.Discarded e) {
            oracle.beginsWith(e.firstSequence());
            var middle = Math.max(e.firstSequence(), oracle.lastCertain() - luck.nextInt(20));
            return recover(luck.nextBoolean() ? e.firstSequence() : middle);
        }
    }

    private Recovered recover(long from) throws IOException {
        var recovered = new ArrayList<String>();
        var replayed = new Recovery(new SegmentDirectory(DIRECTORY, disk), options, from, (sequence, time, payload) -> {
                    require(sequence == from + recovered.size(), "record " + sequence + " in the wrong place");
                    recovered.add(new String(payload, StandardCharsets.ISO_8859_1));
                })
                .run();
        oracle.judge(from, recovered);
        return new Recovered(from, recovered, replayed);
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

    /** The program's side of a life. */
    private final class Life {
        private final AppendQueue queue = new AppendQueue(Integer.MAX_VALUE, Long.MAX_VALUE);
        private final LogWriter writer;
        private final Recovered recovered;
        private boolean open;
        private final Retention retention;
        private boolean failed;
        private int refusals;

        Life(Recovered recovered) {
            this.recovered = recovered;
            var directory = new SegmentDirectory(DIRECTORY, disk);
            writer = new LogWriter(
                    directory,
                    options,
                    queue,
                    new Acknowledger(queue, Runnable::run),
                    Runnable::run,
                    recovered.replayed().opening());
            retention = new Retention(directory, recovered.replayed().firstSequence());
        }

        /** Without room it begins later, with an append or when it looks for room itself. */
        void begin() throws IOException {
            writer.open();
            seeWhetherOpen();
        }

        /** What was replayed is certain once the log can be written. */
        private void seeWhetherOpen() {
            if (!open && writer.health() instanceof Health.Writable) {
                oracle.certain(recovered.from(), recovered.texts());
                open = true;
            }
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
            if (luck.nextInt(4) == 0) {
                writer.lookForRoom();
            }
            seeWhetherOpen();
            writer.settle(appends);
            seeWhetherOpen();
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
            var outcome = append.outcome().toCompletableFuture();
            require(outcome.isDone(), "an append was settled and not told");
            var failure = outcome.isCompletedExceptionally() ? outcome.exceptionNow() : null;
            if (failure == null) {
                long last = outcome.join();
                require(!failed, "record " + last + " was acknowledged after a failure");
                for (int i = 0; i < names.size(); i++) {
                    oracle.acknowledged(last - names.size() + 1 + i, names.get(i));
                }
            } else if (failure instanceof LogException.Failed) {
                failed = true;
            } else {
                require(failure instanceof LogException.NoSpace, "refused with " + failure);
                names.forEach(oracle::refused);
                refusals++;
            }
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
