package dev.ringfence.runner.capability;

import dev.ringfence.runner.fence.Fences;
import java.util.Optional;

/**
 * What capabilities need to run programs.
 *
 * @param places where the programs work; empty for programs that work nowhere but in {@code /tmp}
 * @param running hears of each program
 */
public record FenceTools(Fences fences, Optional<JobPlaces> places, RunningJobs running) {
    /** For programs that work nowhere but in {@code /tmp}. */
    public static FenceTools without(Fences fences) {
        return new FenceTools(fences, Optional.empty(), new RunningJobs());
    }
}
