package dev.ringfence.api;

import dev.ringfence.runner.telemetry.GuardLimits;

/** How high the host's load may be, from the settings. */
final class GuardConfig {
    private GuardConfig() {}

    /** Brings them into the form that the guard wants. */
    static GuardLimits of(RingfenceConfig.Guarding guard) {
        return new GuardLimits(
                guard.cpu(),
                guard.memory(),
                guard.pressure().cpu(),
                guard.pressure().memory(),
                guard.pressure().io(),
                guard.zombies(),
                guard.diskFree().asLongValue(),
                guard.resume());
    }
}
