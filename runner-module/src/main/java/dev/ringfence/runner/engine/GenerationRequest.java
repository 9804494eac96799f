package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Objects;

/**
 * What a model is asked, in the form of OpenAI's API. Whoever makes one has checked that the body is of that form, and
 * nobody does so again. What one model cannot do, or bounds more narrowly, is left out or refused by whoever asks it: an
 * engine, whose grammars do not hold every schema, a program that answers once, or a service that speaks otherwise.
 *
 * @param body as the operation takes it, without {@code model}, {@code stream} and {@code stream_options}; not copied,
 *     and not to be changed once the request exists
 * @param agent who asks, so that agents can be treated fairly
 */
public record GenerationRequest(Operation operation, ObjectNode body, String agent) {
    public GenerationRequest {
        Objects.requireNonNull(operation);
        Objects.requireNonNull(body);
        Objects.requireNonNull(agent);
    }

    /** What can be asked of a model. */
    public enum Operation {
        /** Messages in, a message out. */
        CHAT("/chat/completions", "messages"),
        /** A text in, its continuation out. */
        COMPLETION("/completions", "prompt"),
        /** Texts in, vectors out. */
        EMBEDDINGS("/embeddings", "input");

        private final String path;
        private final String prompt;

        Operation(String path, String prompt) {
            this.path = path;
            this.prompt = prompt;
        }

        /** Below the address of an OpenAI-compatible API, such as {@code /chat/completions}. */
        String path() {
            return path;
        }

        /** The parameter that the model reads. */
        public String prompt() {
            return prompt;
        }
    }
}
