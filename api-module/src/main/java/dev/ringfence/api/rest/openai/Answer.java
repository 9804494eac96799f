package dev.ringfence.api.rest.openai;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.runner.engine.GenerationEvent;

/**
 * Writes down what a client reads of an answer, as it comes. One that is no {@link StreamedAnswer} writes everything at
 * the end. Not for several threads.
 */
interface Answer {
    /** What to send now; may be empty. */
    String heard(GenerationEvent event);

    /** What to send in the end. */
    String ended(JsonNode result);

    /** Of what is sent. */
    default String mediaType() {
        return Frames.JSON;
    }
}
