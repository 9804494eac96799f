package dev.ringfence.api.job;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.runner.capability.Outcome;

/**
 * A filter for what is kept of a job, in the journal, in memory and for who watches it, when its caller stays and hears
 * everything itself. Thread-safe.
 */
public interface Kept {
    /** Everything, as of all other jobs. */
    Kept ALL = new Kept() {
        @Override
        public boolean output() {
            return true;
        }

        @Override
        public JsonNode arguments(JsonNode arguments) {
            return arguments;
        }

        @Override
        public JsonNode result(JsonNode result) {
            return result;
        }

        @Override
        public String message(Outcome.Failed failure) {
            return failure.message();
        }
    };

    /** What stands in a text's place: its hash and its size. */
    String SHA256 = "sha256";

    /** In bytes. */
    String BYTES = "bytes";

    /** Whether this took the place of something that was not kept. */
    static boolean isDigest(JsonNode json) {
        return json.size() == 2
                && json.path(SHA256).asText().length() == 64
                && json.path(BYTES).isIntegralNumber();
    }

    /** Whether those who watch the job hear what it puts out. */
    boolean output();

    /** What takes the place of the arguments. */
    JsonNode arguments(JsonNode arguments);

    /** What takes the place of a result. */
    JsonNode result(JsonNode result);

    /** What takes the place of an error's message. */
    String message(Outcome.Failed failure);
}
