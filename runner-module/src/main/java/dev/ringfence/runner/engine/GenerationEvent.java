package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Objects;

/** What comes of a generation while it is under way, in order. The JSON is the listener's to keep and to change. */
public sealed interface GenerationEvent {
    /** What it takes of the heap, in bytes and roughly. All of it is looked at: whoever needs it twice keeps it. */
    long weight();

    /**
     * The next piece of an answer: the one choice of a chunk. A chat's has a {@code delta} with {@code content},
     * {@code reasoning_content}, {@code refusal} or {@code tool_calls}, a completion's a {@code text}; both may have
     * {@code logprobs}.
     */
    record Delta(ObjectNode choice) implements GenerationEvent {
        public Delta {
            Objects.requireNonNull(choice);
        }

        @Override
        public long weight() {
            return JsonWeight.of(choice);
        }

        /** Whether there is anything in it: a chunk that only names the role, or only ends the answer, has nothing. */
        boolean hasContent() {
            var delta = choice.path("delta");
            var logprobs = choice.path("logprobs");
            return isText(choice.path("text"))
                    || isText(delta.path("content"))
                    || isText(delta.path("reasoning_content"))
                    || isText(delta.path("refusal"))
                    || !delta.path("tool_calls").isEmpty()
                    || !logprobs.path("content").isEmpty()
                    || !logprobs.path("tokens").isEmpty();
        }

        private static boolean isText(JsonNode node) {
            return node.isTextual() && !node.textValue().isEmpty();
        }

        /** The piece of the answer's text in it, which may be empty. */
        public String text() {
            return textOf(choice.path(choice.has("delta") ? "delta" : "text"));
        }

        /** What the model thought before it answered, as far as it tells; may be empty. */
        public String reasoning() {
            return choice.path("delta").path("reasoning_content").asText("");
        }

        /** Why the model will not answer; may be empty. */
        public String refusal() {
            return choice.path("delta").path("refusal").asText("");
        }

        private static String textOf(JsonNode piece) {
            return piece.isTextual()
                    ? piece.textValue()
                    : piece.path("content").isTextual() ? piece.path("content").textValue() : "";
        }
    }

    /** All vectors of an embeddings request: the answer's {@code data}, in the order of the inputs. */
    record Vectors(ArrayNode data) implements GenerationEvent {
        public Vectors {
            Objects.requireNonNull(data);
        }

        @Override
        public long weight() {
            return JsonWeight.of(data);
        }
    }
}
