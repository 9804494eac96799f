package dev.ringfence.runner.engine;

/**
 * What the engines of this host have to do, as of a moment ago.
 *
 * @param ready engines that are up
 * @param loading engines that are started, or wait for the memory to be
 * @param failed engines whose last start or life ended badly
 * @param slots of engines that are up
 * @param busySlots of those, the ones that are at work
 * @param waiting requests that wait for an engine or a slot
 * @param memoryBytes that engines need, as the catalog says or as their files were estimated
 * @param memoryBudget that they may have together
 */
public record EngineLoad(
        int ready,
        int loading,
        int failed,
        int slots,
        int busySlots,
        int waiting,
        long memoryBytes,
        long memoryBudget) {
    /** Both together, within the same budget. */
    EngineLoad with(EngineLoad other) {
        return new EngineLoad(
                ready + other.ready,
                loading + other.loading,
                failed + other.failed,
                slots + other.slots,
                busySlots + other.busySlots,
                waiting + other.waiting,
                memoryBytes + other.memoryBytes,
                memoryBudget);
    }
}
