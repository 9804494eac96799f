package dev.ringfence.runner.engine;

import dev.ringfence.runner.fence.LimitHit;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An engine could not answer. One subclass for each reaction that a caller can have. */
public abstract sealed class EngineException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private EngineException(String message) {
        super(message);
    }

    /** No engine is installed on this host; an operator has to, as the message says. Nothing was started. */
    public static final class EngineMissing extends EngineException {
        private static final long serialVersionUID = 1L;

        EngineMissing(String message) {
            super(message);
        }
    }

    /** The catalog names a file that is not there or cannot be read. Nothing was started. */
    public static final class ModelFileMissing extends EngineException {
        private static final long serialVersionUID = 1L;

        ModelFileMissing(String message) {
            super(message);
        }
    }

    /** The model's file is damaged, or no GGUF file at all; it has to be replaced. Nothing was started. */
    public static final class ModelFileInvalid extends EngineException {
        private static final long serialVersionUID = 1L;

        ModelFileInvalid(String message) {
            super(message);
        }
    }

    /** The model's file is not the one that the catalog's checksum means; an operator has to look. Nothing was started. */
    public static final class ChecksumMismatch extends EngineException {
        private static final long serialVersionUID = 1L;
        private final String expected;
        private final String actual;

        ChecksumMismatch(String message, String expected, String actual) {
            super(message);
            this.expected = expected;
            this.actual = actual;
        }

        /** The catalog's SHA-256. */
        public String expected() {
            return expected;
        }

        /** The file's SHA-256. */
        public String actual() {
            return actual;
        }
    }

    /** The model needs more memory than engines may have together; a smaller one may fit. Nothing was started. */
    public static final class TooLarge extends EngineException {
        private static final long serialVersionUID = 1L;

        TooLarge(String message) {
            super(message);
        }
    }

    /**
     * A remote model's service cannot be reached, failed, or fell silent. What was streamed is all there is; asking again
     * later may help.
     */
    public static final class RemoteUnavailable extends EngineException {
        private static final long serialVersionUID = 1L;

        RemoteUnavailable(String message) {
            super(message);
        }
    }

    /** A remote model's service does not accept this one's key, or there is none; an operator has to look. */
    public static final class RemoteDenied extends EngineException {
        private static final long serialVersionUID = 1L;

        RemoteDenied(String message) {
            super(message);
        }
    }

    /** A remote model's service has nothing at the catalog's address, or no model of that name; an operator has to look. */
    public static final class RemoteNotFound extends EngineException {
        private static final long serialVersionUID = 1L;

        RemoteNotFound(String message) {
            super(message);
        }
    }

    /** The engine's process could not be kept up. */
    public abstract static sealed class Down extends EngineException {
        private static final long serialVersionUID = 1L;
        private final String log;
        private final transient List<LimitHit> limitsHit;
        private final transient Duration retryAfter;

        private Down(String message, String log, List<LimitHit> limitsHit, Duration retryAfter) {
            super(message);
            this.log = log;
            this.limitsHit = List.copyOf(limitsHit);
            this.retryAfter = retryAfter;
        }

        /**
         * The end of what the engine wrote to its standard error; empty of one that has answered others as well, since
         * it may hold their words.
         */
        public String log() {
            return log;
        }

        /** The profile's keys whose limits the engine ran into, such as {@code resources.max_memory_mb}. */
        public List<LimitHit> limitsHit() {
            return limitsHit;
        }

        /** When a new start is allowed; zero means with the next request. */
        public Duration retryAfter() {
            return retryAfter;
        }

        /** The same failure with another time to wait. */
        abstract Down after(Duration wait);

        /** What a request hears that came too soon after it, and to which it did not happen. */
        LoadFailed notYet(Duration wait) {
            return new LoadFailed(
                    "the engine is not started again before %s have passed, since it failed: %s"
                            .formatted(Texts.seconds(wait), getMessage()),
                    log,
                    List.of(),
                    wait);
        }
    }

    /** The engine did not come up with this model. */
    public static final class LoadFailed extends Down {
        private static final long serialVersionUID = 1L;

        LoadFailed(String message, String log, List<LimitHit> limitsHit, Duration retryAfter) {
            super(message, log, limitsHit, retryAfter);
        }

        @Override
        LoadFailed after(Duration wait) {
            return new LoadFailed(String.valueOf(getMessage()), log(), limitsHit(), wait);
        }
    }

    /** The engine ended while it was answering. What was streamed is all there is; ask again. */
    public static final class Crashed extends Down {
        private static final long serialVersionUID = 1L;

        Crashed(String message, String log, List<LimitHit> limitsHit, Duration retryAfter) {
            super(message, log, limitsHit, retryAfter);
        }

        @Override
        Crashed after(Duration wait) {
            return new Crashed(String.valueOf(getMessage()), log(), limitsHit(), wait);
        }
    }

    /** The prompt does not fit the model's context. A shorter one may. */
    public static final class PromptTooLong extends EngineException {
        private static final long serialVersionUID = 1L;
        private final long tokens;
        private final long limit;

        PromptTooLong(long tokens, long limit) {
            this("%d".formatted(tokens), tokens, limit);
        }

        private PromptTooLong(String count, long tokens, long limit) {
            super("the prompt has %s tokens, and the model's context holds %d: shorten the prompt"
                    .formatted(count, limit));
            this.tokens = tokens;
            this.limit = limit;
        }

        /** Known without an engine. */
        static PromptTooLong atLeast(long tokens, long limit) {
            return new PromptTooLong("at least %d".formatted(tokens), tokens, limit);
        }

        /** What the model's own tokenizer counted, or fewer when the engine was not up. */
        public long tokens() {
            return tokens;
        }

        /** How many fit. */
        public long limit() {
            return limit;
        }
    }

    /** The engine refuses the request as it is; asking again does not help. */
    public static final class InvalidRequest extends EngineException {
        private static final long serialVersionUID = 1L;
        private final @Nullable String parameter;

        InvalidRequest(String message) {
            this(null, message);
        }

        InvalidRequest(@Nullable String parameter, String message) {
            super(message);
            this.parameter = parameter;
        }

        /** The name of the parameter that is to blame, as OpenAI's API has it; empty when it is not known. */
        public Optional<String> parameter() {
            return Optional.ofNullable(parameter);
        }
    }

    /** All slots are taken and the queue is full. Nothing was started; ask again after {@link #retryAfter()}. */
    public static final class Saturated extends EngineException {
        private static final long serialVersionUID = 1L;
        private final transient Duration retryAfter;
        private final int position;

        Saturated(String message, Duration retryAfter, int position) {
            super(
                    position > 0
                            ? "%s. This request would have been number %d of the queue".formatted(message, position)
                            : message);
            this.retryAfter = retryAfter;
            this.position = position;
        }

        /** Which place in the queue it would have been, counted from 1; zero when that is not known. */
        public int position() {
            return position;
        }

        /** When asking again may help. */
        public Duration retryAfter() {
            return retryAfter;
        }
    }

    /** The vectors that were asked for at a time are more than this service takes; ask for fewer. They were computed. */
    public static final class TooManyVectors extends EngineException {
        private static final long serialVersionUID = 1L;

        TooManyVectors(String message) {
            super(message);
        }
    }

    /** The engine runs but answers nonsense, or says that it failed; an operator has to look. */
    public static final class Misbehaved extends EngineException {
        private static final long serialVersionUID = 1L;

        Misbehaved(String message) {
            super(message);
        }
    }

    /** The service is shutting down, or has taken the engine away. Nothing more is answered here. */
    public static final class Closed extends EngineException {
        private static final long serialVersionUID = 1L;

        Closed() {
            super("the engines are shutting down");
        }
    }
}
