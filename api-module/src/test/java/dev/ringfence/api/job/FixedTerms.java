package dev.ringfence.api.job;

import dev.ringfence.catalog.AgentGrants;
import dev.ringfence.catalog.Catalog;
import dev.ringfence.catalog.SandboxProfile;
import java.util.Optional;

/** Of a catalog that stays, on a host whose fences are all of one tier, or that can build none. */
public record FixedTerms(Catalog catalog, Optional<String> tier) implements Terms {
    /** With fences of a tier named {@code none}. */
    public FixedTerms(Catalog catalog) {
        this(catalog, Optional.of("none"));
    }

    @Override
    public Optional<SandboxProfile> profile(Optional<String> name) {
        return name.map(catalog::profile).orElseGet(() -> Optional.of(catalog.defaultProfile()));
    }

    @Override
    public Optional<AgentGrants> grants(String agent) {
        return catalog.grants(agent);
    }

    @Override
    public Optional<String> tier(SandboxProfile profile) {
        return tier;
    }
}
