package dev.ringfence.api.rest.openai;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.runner.engine.GenerationEvent;

/**
 * Writes down what a client reads of an answer, as it comes. One that is not streamed writes everything at the end. Not
 * for several threads.
 */
interface Answer {
    /** What to send now; may be empty. */
    String heard(GenerationEvent event);

    /** What to send in the end. */
    String ended(JsonNode result);

    /** What to send when it goes wrong after something was sent. */
    String failed(OpenAiError error);

    /** Of what is sent. */
    String mediaType();
}
