package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Objects;

/**
 * How a job's work ended. The {@code data} of each is what the job's result shows: output, exit, usage, limits hit and
 * fence report, as far as there are any.
 */
public sealed interface Outcome {
    ObjectNode data();

    /** The work was done. */
    record Completed(ObjectNode data) implements Outcome {
        public Completed {
            Objects.requireNonNull(data);
        }
    }

    /**
     * The work could not be done.
     *
     * @param type a stable slug, such as {@code model-file-not-found}
     * @param message what went wrong and what to do
     */
    record Failed(String type, String message, ObjectNode data) implements Outcome {
        public Failed {
            Objects.requireNonNull(type);
            Objects.requireNonNull(message);
            Objects.requireNonNull(data);
        }
    }

    /** The deadline passed; nothing of the work is left. */
    record TimedOut(Duration limit, ObjectNode data) implements Outcome {
        public TimedOut {
            Objects.requireNonNull(limit);
            Objects.requireNonNull(data);
        }
    }

    /** It was told to end; nothing of the work is left. */
    record Cancelled(ObjectNode data) implements Outcome {
        public Cancelled {
            Objects.requireNonNull(data);
        }
    }
}
