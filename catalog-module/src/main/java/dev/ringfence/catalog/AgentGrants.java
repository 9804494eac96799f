package dev.ringfence.catalog;

import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What one agent may ask for, beside the models that it is mapped to. An absent set allows all there are, an absent
 * number sets no limit of the agent's own. Immutable.
 *
 * @param agent its name
 * @param capabilities the names of those it may invoke
 * @param profiles the names of the sandbox profiles it may ask for
 * @param roots the names of the file roots it may work in
 * @param weight its share of the slots when agents compete for them, 1 to 100
 * @param maxConcurrent jobs of it whose work is under way at the same time
 * @param maxQueued jobs of it that may wait
 * @param jobsPerMinute how many it may submit
 * @param tokensPerDay how many its models may read and write together in 24 hours
 */
public record AgentGrants(
        String agent,
        Optional<Set<String>> capabilities,
        Optional<Set<String>> profiles,
        Optional<Set<String>> roots,
        int weight,
        OptionalInt maxConcurrent,
        OptionalInt maxQueued,
        OptionalInt jobsPerMinute,
        OptionalLong tokensPerDay) {
    public AgentGrants {
        Objects.requireNonNull(agent);
        capabilities = capabilities.map(AgentGrants::copy);
        profiles = profiles.map(AgentGrants::copy);
        roots = roots.map(AgentGrants::copy);
        Objects.requireNonNull(maxConcurrent);
        Objects.requireNonNull(maxQueued);
        Objects.requireNonNull(jobsPerMinute);
        Objects.requireNonNull(tokensPerDay);
    }

    /** Everything, as for all agents of a catalog that restricts none. */
    public static AgentGrants unrestricted(String agent) {
        return new AgentGrants(
                agent,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                1,
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalLong.empty());
    }

    /** Whether the agent may invoke a capability. */
    public boolean allowsCapability(String name) {
        return capabilities.map(names -> names.contains(name)).orElse(true);
    }

    /** Whether the agent may ask for a sandbox profile. */
    public boolean allowsProfile(String name) {
        return profiles.map(names -> names.contains(name)).orElse(true);
    }

    /** Whether the agent may work in a file root. */
    public boolean allowsRoot(String name) {
        return roots.map(names -> names.contains(name)).orElse(true);
    }

    private static Set<String> copy(Set<String> names) {
        return Collections.unmodifiableSet(new LinkedHashSet<>(names));
    }
}
