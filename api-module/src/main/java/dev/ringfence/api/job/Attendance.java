package dev.ringfence.api.job;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.runner.engine.GenerationEvent;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * A caller who stays on the line until the job has ended, and for whom alone it is done. Such a caller hears everything
 * itself, so the journal may keep less.
 *
 * @param listener hears a model's answer as {@link dev.ringfence.runner.capability.OutputSink#answered} says
 * @param kept what the journal keeps of arguments and of results
 */
public record Attendance(Consumer<GenerationEvent> listener, UnaryOperator<JsonNode> kept) {
    public Attendance {
        Objects.requireNonNull(listener);
        Objects.requireNonNull(kept);
    }
}
