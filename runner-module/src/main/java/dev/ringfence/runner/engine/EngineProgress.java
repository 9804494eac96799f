package dev.ringfence.runner.engine;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Why a request is not being answered yet. */
public sealed interface EngineProgress {
    /** The memory that engines may have is taken by others, which are still at work. */
    record AwaitsMemory() implements EngineProgress {}

    /**
     * The engine reads its model.
     *
     * @param elapsed since it was started
     * @param percent how much of the file is in memory; null when that cannot be told
     */
    record Loading(Duration elapsed, @Nullable Integer percent) implements EngineProgress {}

    /**
     * All slots of the engine are taken.
     *
     * @param position in the queue, counted from 1
     */
    record Queued(int position) implements EngineProgress {}
}
