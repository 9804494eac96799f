package dev.ringfence.api;

import dev.ringfence.api.job.JobSettings;
import dev.ringfence.runner.capability.Capabilities;
import dev.ringfence.runner.capability.Capability;
import io.quarkus.runtime.configuration.MemorySize;
import java.util.HashMap;
import java.util.Map;

/** What the pipeline of jobs may hold, from the settings. */
final class JobConfig {
    private static final long MOST_RETAINED_BYTES = 128L << 20;

    private JobConfig() {}

    /**
     * Brings them into the form that the pipeline wants.
     *
     * @throws StartupFailure naming a capability that there is not
     */
    static JobSettings of(RingfenceConfig config, Capabilities capabilities) {
        var jobs = config.jobs();
        long heap = Runtime.getRuntime().maxMemory();
        // Whatever fits into a body can be a job's arguments, also where each character takes two bytes.
        long least = 2L * config.http().bodyLimit() + (1 << 16);
        return new JobSettings(
                jobs.concurrency(),
                jobs.queue(),
                jobs.queueOfAgent(),
                jobs.memoryBudget().map(MemorySize::asLongValue).orElse(Math.max(heap / 8, least)),
                concurrencyOf(jobs.concurrencyOf(), capabilities),
                jobs.retained(),
                Math.min(heap / 4, MOST_RETAINED_BYTES),
                jobs.defaultDeadline(),
                jobs.eventBuffer());
    }

    /** By the capabilities' own names: an environment variable cannot tell which letters are large. */
    private static Map<String, Integer> concurrencyOf(Map<String, Integer> configured, Capabilities capabilities) {
        var names = capabilities.all().stream().map(Capability::name).toList();
        var limits = new HashMap<String, Integer>();
        configured.forEach((name, limit) -> {
            var known = names.stream()
                    .filter(each -> each.equals(name) || (!names.contains(name) && each.equalsIgnoreCase(name)))
                    .findFirst()
                    .orElseThrow(() -> new StartupFailure("ringfence.jobs.concurrency-of." + name
                            + ": there is no capability " + name + "; there are " + names));
            // Said in both ways, it is an environment variable that was to come before a file.
            if (!limits.containsKey(known) || !known.equals(name)) {
                limits.put(known, limit);
            }
        });
        return limits;
    }
}
