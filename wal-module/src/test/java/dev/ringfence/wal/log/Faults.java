package dev.ringfence.wal.log;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.LongConsumer;
import java.util.stream.LongStream;

/**
 * How much of the fault suite runs: a bounded part of it always, all of it with {@code -Dfaults=all}. What fails is named
 * with the property that runs it alone.
 */
public final class Faults {
    private static final String SEED = "faults.seed";
    private static final String SEEDS = "faults.seeds";
    private static final String POINTS = "faults.points";

    /** Which points the bounded part takes; another run takes others. */
    private static final long POINTS_SEED = Long.getLong(POINTS, System.nanoTime() & 0xffff);

    static {
        if (!all()) {
            System.out.println("points of faults as with -D" + POINTS + "=" + POINTS_SEED);
        }
    }

    private Faults() {}

    /** Whether all of it is wanted. */
    public static boolean all() {
        return "all".equals(System.getProperty("faults"));
    }

    /**
     * Whether the host has what a test needs. Without it the test is skipped; with {@code -Dfaults.required=true}, as in
     * continuous integration, it fails.
     */
    public static void require(boolean there, String otherwise) {
        if (Boolean.getBoolean("faults.required")) {
            assertTrue(there, otherwise);
        } else {
            assumeTrue(there, otherwise);
        }
    }

    /** Runs seeds, on all processors, and fails with those that failed. */
    public static void forEachSeed(int some, int all, LongConsumer run) {
        var alone = Long.getLong(SEED);
        if (alone != null) {
            run.accept(alone);
            return;
        }
        var count = Integer.getInteger(SEEDS, all() ? all : some);
        var failures = LongStream.rangeClosed(1, count)
                .parallel()
                .mapToObj(seed -> failureOf(seed, run))
                .filter(failure -> !failure.isEmpty())
                .limit(20)
                .toList();
        if (!failures.isEmpty()) {
            throw new AssertionError("of " + count + " seeds:\n" + String.join("\n", failures));
        }
    }

    private static String failureOf(long seed, LongConsumer run) {
        try {
            run.accept(seed);
            return "";
        } catch (RuntimeException | Error e) {
            return "-D" + SEED + "=" + seed + ": " + e;
        }
    }

    /** The points up to a number: all of them, or so many, the first and the last among them. */
    public static List<Integer> points(int count, int some) {
        var points = new ArrayList<Integer>();
        if (all() || count <= some) {
            for (int i = 0; i < count; i++) {
                points.add(i);
            }
            return points;
        }
        new Random(POINTS_SEED)
                .ints(some - 2L, 1, count - 1)
                .distinct()
                .sorted()
                .forEach(points::add);
        points.addFirst(0);
        points.add(count - 1);
        return points;
    }
}
