package dev.ringfence.runner.fence;

import dev.ringfence.catalog.FenceTier;
import java.util.List;

/**
 * Whether a tier works on this host.
 *
 * @param reason why, or why not
 * @param remedy what to do about it; empty when nothing has to be done
 * @param facts what else there is to know, such as versions and what is weaker without
 */
public record TierStatus(FenceTier tier, boolean available, String reason, String remedy, List<String> facts) {
    public TierStatus {
        facts = List.copyOf(facts);
    }
}
