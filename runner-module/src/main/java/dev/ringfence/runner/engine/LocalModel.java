package dev.ringfence.runner.engine;

import dev.ringfence.catalog.SandboxProfile;
import java.nio.file.Path;
import java.util.Objects;

/**
 * A model that an engine of this host can run.
 *
 * @param id the catalog's
 * @param file the GGUF file
 * @param profile what the engine may use while it serves this model. Its time limit holds for each request, not for the
 *     engine, which is kept warm
 */
public record LocalModel(String id, Path file, SandboxProfile profile) {
    public LocalModel {
        Objects.requireNonNull(id);
        Objects.requireNonNull(file);
        Objects.requireNonNull(profile);
    }
}
