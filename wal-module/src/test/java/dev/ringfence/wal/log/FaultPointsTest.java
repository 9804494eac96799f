package dev.ringfence.wal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringfence.wal.log.MemoryDisk.Operation;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The same life again and again, each time with one fault, one operation further on: none is left out. */
class FaultPointsTest {
    private static final int SEEDS = Faults.all() ? 50 : 3;

    @Test
    void theProcessMayBeKilledAtAnyOperation() {
        assertThat(atEveryPoint(Plan.Kind.KILLED, EnumSet.allOf(Operation.class), 1))
                .isGreaterThan(100);
    }

    @Test
    void thePowerMayGoAtAnyOperation() {
        assertThat(atEveryPoint(Plan.Kind.POWER_LOST, EnumSet.allOf(Operation.class), 1))
                .isGreaterThan(100);
    }

    @ParameterizedTest
    @EnumSource
    void theDiskMayBreakAtAnyOperationOnceOrForEver(Operation operation) {
        assertThat(atEveryPoint(Plan.Kind.BROKEN, EnumSet.of(operation), 1)).isPositive();
        assertThat(atEveryPoint(Plan.Kind.BROKEN, EnumSet.of(operation), 1_000_000))
                .isPositive();
    }

    @ParameterizedTest
    @EnumSource(names = {"WRITE", "CREATE", "RENAME"})
    void theDiskMayBeFullAtAnyOperation(Operation operation) {
        assertThat(atEveryPoint(Plan.Kind.FULL, EnumSet.of(operation), 1)).isPositive();
        assertThat(atEveryPoint(Plan.Kind.FULL, EnumSet.of(operation), 5)).isPositive();
    }

    @ParameterizedTest
    @EnumSource(names = {"LIST", "OPEN", "CREATE", "OPEN_DIRECTORY"})
    void tooManyFilesMayBeOpenAtAnyOperation(Operation operation) {
        assertThat(atEveryPoint(Plan.Kind.TOO_MANY_FILES, EnumSet.of(operation), 1))
                .isPositive();
        assertThat(atEveryPoint(Plan.Kind.TOO_MANY_FILES, EnumSet.of(operation), 4))
                .isPositive();
    }

    /** Returns how many points there were. */
    private static int atEveryPoint(Plan.Kind kind, Set<Operation> operations, int count) {
        var points = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            var reached = true;
            for (int at = 0; reached; at++) {
                var simulation = new Simulation(seed);
                try {
                    simulation.live(Plan.NOTHING);
                    simulation.live(new Plan(kind, operations, at, count));
                    reached = simulation.operations() > at;
                    simulation.end();
                } catch (AssertionError e) {
                    throw new AssertionError("seed " + seed + ", operation " + at + ": " + e.getMessage(), e);
                }
                points += reached ? 1 : 0;
            }
        }
        return points;
    }
}
