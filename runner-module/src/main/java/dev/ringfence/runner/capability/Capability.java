package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.ObjectNode;

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
}
