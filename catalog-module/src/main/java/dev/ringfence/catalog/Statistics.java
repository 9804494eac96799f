package dev.ringfence.catalog;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The catalog in numbers.
 *
 * @param mappedAgents agents that are tied to certain models; all others see every model
 * @param byCapability only capabilities that some model has
 * @param byProvider only providers that some model uses
 * @param totalMinMemory what all models together need at least
 */
public record Statistics(
        int models,
        int profiles,
        int mappedAgents,
        Map<ModelCapability, Integer> byCapability,
        Map<String, Integer> byProvider,
        DataSize totalMinMemory) {
    public Statistics {
        byCapability = Collections.unmodifiableMap(new LinkedHashMap<>(byCapability));
        byProvider = Collections.unmodifiableMap(new LinkedHashMap<>(byProvider));
    }
}
