package dev.ringfence.api;

import dev.ringfence.api.job.Terms;
import dev.ringfence.catalog.AgentGrants;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.fence.FenceException;
import dev.ringfence.runner.fence.HostFences;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The terms for jobs that the catalog in use and this host set. Finding out a tier takes a whole plan, the filter of system
 * calls and all, and each job asks: so what was found is kept. What changes on the host afterwards shows when the fence is
 * built. Thread-safe.
 */
final class CatalogTerms implements Terms {
    /** Catalogs that were loaded anew leave their profiles here. */
    private static final int MOST = 1000;

    private final LiveCatalog catalog;
    private final HostFences fences;
    private final Map<SandboxProfile, String> tiers = new ConcurrentHashMap<>();

    CatalogTerms(LiveCatalog catalog, HostFences fences) {
        this.catalog = catalog;
        this.fences = fences;
    }

    @Override
    public Optional<SandboxProfile> profile(Optional<String> name) {
        var now = catalog.catalog();
        return name.map(now::profile).orElseGet(() -> Optional.of(now.defaultProfile()));
    }

    @Override
    public Optional<AgentGrants> grants(String agent) {
        return catalog.catalog().grants(agent);
    }

    @Override
    public Optional<String> tier(SandboxProfile profile) {
        var tier = tiers.get(profile);
        if (tier == null) {
            try {
                tier = fences.report(profile).tier();
            } catch (FenceException.Refused _) {
                return Optional.empty();
            }
            if (tiers.size() >= MOST) {
                tiers.clear();
            }
            tiers.put(profile, tier);
        }
        return Optional.of(tier);
    }
}
