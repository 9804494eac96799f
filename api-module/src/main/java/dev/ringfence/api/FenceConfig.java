package dev.ringfence.api;

import dev.ringfence.catalog.FenceTier;
import dev.ringfence.catalog.Suggestion;
import dev.ringfence.runner.fence.FenceSettings;
import java.util.ArrayList;
import java.util.Optional;

/** How fences are built, from the settings. */
public final class FenceConfig {
    private static final String ANY_TIER = "auto";

    private FenceConfig() {}

    /**
     * Brings them into the form that fences want.
     *
     * @param instance the name of who builds fences
     * @throws StartupFailure naming each setting that cannot be
     */
    public static FenceSettings of(String instance, RingfenceConfig.Fences config) {
        SettingRanges.require(config);
        return new FenceSettings(
                instance,
                config.bubblewrap(),
                config.firstUser(),
                tier(config.tier()),
                config.scratch(),
                config.grace());
    }

    private static Optional<FenceTier> tier(String name) {
        if (name.equals(ANY_TIER)) {
            return Optional.empty();
        }
        var known = new ArrayList<>(FenceTier.names());
        known.add(ANY_TIER);
        return Optional.of(FenceTier.named(name)
                .orElseThrow(() -> new StartupFailure("ringfence.fence.tier is \"" + name + "\", and must be one of "
                        + String.join(", ", known)
                        + Suggestion.nearest(name, known)
                                .map(near -> "; did you mean " + near + "?")
                                .orElse(""))));
    }
}
