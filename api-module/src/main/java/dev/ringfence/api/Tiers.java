package dev.ringfence.api;

import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.fence.Fence;
import dev.ringfence.runner.fence.FenceException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * The tier of the fence that a profile gets on this host, if it can have one. Finding out takes a whole plan, the filter
 * of system calls and all, and each job asks: so what was found is kept. What changes on the host afterwards shows when the
 * fence is built. Thread-safe.
 */
final class Tiers implements Function<SandboxProfile, Optional<String>> {
    /** Catalogs that were loaded anew leave their profiles here. */
    private static final int MOST = 1000;

    private final Fence fence;
    private final Map<SandboxProfile, String> known = new ConcurrentHashMap<>();

    Tiers(Fence fence) {
        this.fence = fence;
    }

    @Override
    public Optional<String> apply(SandboxProfile profile) {
        var tier = known.get(profile);
        if (tier == null) {
            try {
                tier = fence.report(profile).tier();
            } catch (FenceException.Refused _) {
                return Optional.empty();
            }
            if (known.size() >= MOST) {
                known.clear();
            }
            known.put(profile, tier);
        }
        return Optional.of(tier);
    }
}
