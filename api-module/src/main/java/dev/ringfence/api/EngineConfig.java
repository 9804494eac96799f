package dev.ringfence.api;

import dev.ringfence.catalog.EngineOptions;
import dev.ringfence.runner.engine.EngineSettings;

/** How engines are run, from the settings. */
final class EngineConfig {
    private EngineConfig() {}

    /** Brings them into the form that engines want. */
    static EngineSettings of(RingfenceConfig config) {
        var engines = config.engines();
        var settings = EngineSettings.defaults()
                .withPrefix(config.llamaPrefix().orElse(null))
                .withExecutable(config.llamaServer().orElse(null))
                .withIdleTime(engines.idleTime())
                .withLoadTimeout(engines.loadTimeout())
                .withStepTimeout(engines.stepTimeout())
                .withSlots(EngineOptions.DEFAULT_SLOTS, engines.queue())
                .withThreads(engines.threads());
        return engines.memoryBudget()
                .map(budget -> settings.withMemoryBudget(budget.asLongValue()))
                .orElse(settings);
    }
}
