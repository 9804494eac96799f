package dev.ringfence.runner.engine;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.engine.FileStamp.Content;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A model that an engine of this host can run. Two that differ in anything have engines of their own.
 *
 * @param id the catalog's, with the version when there are several
 * @param file the GGUF file
 * @param sha256 what the file's SHA-256 must be, in lower-case hexadecimal digits; null means that it is not checked
 * @param profile what the engine may use while it serves this model. Its time limit holds for each request, not for the
 *     engine, which is kept warm; its memory limit is raised to {@code memory} where that is more
 * @param memory what the engine needs, its mapped file included
 * @param contextTokens of prompt and answer together, for each request; null means as the engines are set up
 * @param slots requests that the engine answers at the same time; null means as the engines are set up
 * @param pinned what its engine is kept up for, whether it is asked or not; null means that it comes and goes
 * @param content which content of the file is meant; null where that makes no difference
 */
public record LocalModel(
        String id,
        Path file,
        @Nullable String sha256,
        SandboxProfile profile,
        DataSize memory,
        @Nullable Integer contextTokens,
        @Nullable Integer slots,
        @Nullable EnginePurpose pinned,
        @Nullable Content content) {
    public LocalModel {
        Objects.requireNonNull(id);
        Objects.requireNonNull(file);
        Objects.requireNonNull(profile);
        Objects.requireNonNull(memory);
    }

    /** One whose file's content makes no difference. */
    public LocalModel(
            String id,
            Path file,
            @Nullable String sha256,
            SandboxProfile profile,
            DataSize memory,
            @Nullable Integer contextTokens,
            @Nullable Integer slots,
            @Nullable EnginePurpose pinned) {
        this(id, file, sha256, profile, memory, contextTokens, slots, pinned, null);
    }
}
