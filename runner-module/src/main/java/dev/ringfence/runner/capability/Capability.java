package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Optional;

/** Something an agent may invoke by name with JSON arguments. Implementations are immutable and thread-safe. */
public interface Capability {
    /** As agents write it, such as {@code ShellExec}. */
    String name();

    /** One sentence for agents and people. */
    String description();

    /** The JSON Schema (draft 2020-12) of the arguments; a fresh copy. */
    ObjectNode schema();

    /** Whether it asks a model, so that its results tell {@code input_tokens} and {@code output_tokens}. */
    default boolean usesTokens() {
        return false;
    }

    /** Whether running it again after a crash does no harm. */
    boolean repeatable();

    /**
     * Starts the work and returns at once. The arguments have passed {@link #schema()}.
     *
     * @throws InvalidArguments when the arguments break a rule that no schema can say
     */
    Execution start(Invocation invocation, OutputSink sink);

    /**
     * Says exactly what {@link #start} would do, and does nothing: {@link Outcome.Completed} with the plan, or
     * {@link Outcome.Failed} as the job itself would fail, as far as that can be told beforehand. Blocks.
     *
     * @throws InvalidArguments as {@link #start} does
     */
    Outcome dryRun(Invocation invocation);

    /** Whether its work runs in a fence of the job's profile; a model's runs in the engine's. */
    default boolean fenced() {
        return true;
    }

    /** The arguments as they may be written down and shown: the same, without secrets. */
    default JsonNode shown(JsonNode arguments) {
        return arguments;
    }

    /** The sandbox profile for jobs that name none; empty for the catalog's default. */
    default Optional<String> profile() {
        return Optional.empty();
    }

    /** The longest that a job of it may take, and what one takes that says nothing; empty for the service's own. */
    default Optional<Duration> deadline() {
        return Optional.empty();
    }

    /**
     * What a job takes that names no deadline and whose arguments ask for a time; empty when they ask for none.
     *
     * @param arguments not checked yet: a time that {@link #schema()} refuses is none
     */
    default Optional<Duration> deadline(JsonNode arguments) {
        return Optional.empty();
    }
}
