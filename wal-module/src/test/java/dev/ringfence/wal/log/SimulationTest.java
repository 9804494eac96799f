package dev.ringfence.wal.log;

import org.junit.jupiter.api.Test;

/**
 * Seeds: 2,000, or with {@code -Dfaults=all} 100,000, or as many as {@code -Dfaults.seeds} says; {@code
 * -Dfaults.seed=N} runs that one alone.
 */
class SimulationTest {
    @Test
    void whateverGoesWrongNothingAcknowledgedIsLostAndNothingComesBackThatWasNotSubmitted() {
        Faults.forEachSeed(2_000, 100_000, Simulation::run);
    }
}
