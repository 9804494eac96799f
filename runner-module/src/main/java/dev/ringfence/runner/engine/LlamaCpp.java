package dev.ringfence.runner.engine;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/**
 * The llama.cpp that models of this host run with.
 *
 * @param program what is started
 * @param server whether one process of it answers many requests; otherwise each request has one of its own
 * @param version as the program says it in a fence; empty when it does not
 * @param trouble why it does not; empty when it does
 */
public record LlamaCpp(Path program, boolean server, Optional<String> version, String trouble) {
    public LlamaCpp {
        Objects.requireNonNull(program);
        Objects.requireNonNull(version);
        Objects.requireNonNull(trouble);
    }
}
