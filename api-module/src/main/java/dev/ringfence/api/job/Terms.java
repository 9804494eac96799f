package dev.ringfence.api.job;

import dev.ringfence.catalog.AgentGrants;
import dev.ringfence.catalog.SandboxProfile;
import java.util.Optional;

/**
 * The terms on which jobs are let in: which profiles there are now, what each agent may ask for, and which fence a profile
 * gets here. Thread-safe; an answer may differ from the one before.
 */
public interface Terms {
    /** The profile of a name, or without a name the default one; empty when there is none of that name. */
    Optional<SandboxProfile> profile(Optional<String> name);

    /** What an agent may ask for; empty for nothing at all. */
    Optional<AgentGrants> grants(String agent);

    /** The tier of the fence that a profile gets on this host, if it can have one. May plan a fence, which takes time. */
    Optional<String> tier(SandboxProfile profile);
}
