package dev.ringfence.runner.fence;

import dev.ringfence.catalog.FenceTier;
import java.util.Optional;

/** Settings of fences that have no choice of their tier. */
public final class OneTier {
    private OneTier() {}

    public static FenceSettings of(FenceTier tier, String instance) {
        var defaults = FenceSettings.of(instance);
        return new FenceSettings(
                instance,
                defaults.bubblewrap(),
                defaults.firstUser(),
                Optional.of(tier),
                defaults.scratch(),
                defaults.grace());
    }
}
