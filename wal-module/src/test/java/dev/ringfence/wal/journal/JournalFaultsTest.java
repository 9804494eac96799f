package dev.ringfence.wal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringfence.wal.log.Faults;
import dev.ringfence.wal.log.MemoryDisk.Operation;
import dev.ringfence.wal.log.Plan;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Faults at what lies beside the log: snapshots, index and blobs. Some points always, all of them with {@code
 * -Dfaults=all}; 60 seeds of lives in which anything goes wrong, or 5,000.
 */
class JournalFaultsTest {
    private static final int SEEDS = Faults.all() ? 20 : 2;
    private static final int SOME = 12;

    @ParameterizedTest
    @EnumSource(
            value = Plan.Kind.class,
            names = {"KILLED", "POWER_LOST", "FULL", "TOO_MANY_FILES"})
    void whateverHappensAtAnyOperationBesideTheLogNothingIsLost(Plan.Kind kind) {
        assertThat(atPoints(kind, kind.operations(), 1)).isPositive();
        assertThat(atPoints(kind, kind.operations(), 5)).isPositive();
    }

    @ParameterizedTest
    @EnumSource
    void theDiskMayBreakAtAnyOperationBesideTheLog(Operation operation) {
        assertThat(atPoints(Plan.Kind.BROKEN, EnumSet.of(operation), 1)).isPositive();
        assertThat(atPoints(Plan.Kind.BROKEN, EnumSet.of(operation), 1_000_000)).isPositive();
    }

    @Test
    void whateverGoesWrongInSeveralLivesNoJobIsLostAndNoneHasTwoEnds() {
        Faults.forEachSeed(60, 5_000, JournalSimulation::run);
    }

    /** Returns how many points there were. */
    private static int atPoints(Plan.Kind kind, Set<Operation> operations, int count) {
        var points = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            for (int at : Faults.points(operationsOf(seed, operations), SOME)) {
                var simulation = new JournalSimulation(seed);
                try {
                    simulation.live(Plan.NOTHING);
                    simulation.live(new Plan(kind, operations, JournalSimulation::isBesideTheLog, at, count));
                    simulation.live(Plan.NOTHING);
                } catch (AssertionError | RuntimeException e) {
                    throw new AssertionError("seed " + seed + ", operation " + at + ": " + e, e);
                }
                points++;
            }
        }
        return points;
    }

    private static int operationsOf(long seed, Set<Operation> operations) {
        var simulation = new JournalSimulation(seed);
        simulation.live(Plan.NOTHING);
        simulation.live(new Plan(Plan.Kind.NOTHING, operations, JournalSimulation::isBesideTheLog, 0, 1));
        return simulation.operations();
    }
}
