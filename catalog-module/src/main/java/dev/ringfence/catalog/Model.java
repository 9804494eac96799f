package dev.ringfence.catalog;

import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An entry of the catalog: one version of a model.
 *
 * @param id what agents ask for
 * @param version which of those with the same id; empty for a model that has no versions
 * @param isDefault whether the id alone means this version
 * @param aliases other names of this version
 * @param name for people
 * @param capabilities in the order of the enum
 * @param requirements filled in from the model's file where the catalog leaves them out
 * @param header what the model's file says about it; null for remote models, and while the file cannot be read
 */
public record Model(
        String id,
        String version,
        boolean isDefault,
        Set<String> aliases,
        String name,
        Provider provider,
        Set<ModelCapability> capabilities,
        ResourceRequirements requirements,
        EngineOptions engine,
        @Nullable GgufHeader header) {
    /** Between id and version in a reference. */
    static final char VERSION_SEPARATOR = '@';

    public Model {
        Objects.requireNonNull(id);
        Objects.requireNonNull(version);
        Objects.requireNonNull(name);
        Objects.requireNonNull(provider);
        Objects.requireNonNull(requirements);
        Objects.requireNonNull(engine);
        aliases = Collections.unmodifiableSet(new LinkedHashSet<>(aliases));
        var ordered = EnumSet.noneOf(ModelCapability.class);
        ordered.addAll(capabilities);
        capabilities = Collections.unmodifiableSet(ordered);
    }

    /** Names exactly this version: {@code id@version}, or the id when there are no versions. */
    public String reference() {
        return version.isEmpty() ? id : id + VERSION_SEPARATOR + version;
    }

    /** How many tokens one request may have, with its answer, in an engine of this host. */
    public int contextTokens() {
        return engine.contextFor(header == null ? 0 : header.contextLength());
    }

    /** How many requests an engine of this host answers at the same time. */
    public int slots() {
        return engine.slotsOrDefault();
    }

    /** Whether it does nothing but turn texts into vectors. */
    public boolean onlyEmbeds() {
        return capabilities.equals(Set.of(ModelCapability.EMBEDDINGS));
    }

    /** Where this host has its file, looked up anew; remote models have none. */
    public Optional<ModelFile> file() {
        return switch (provider) {
            case Provider.LocalFile local -> Optional.of(new ModelFile.Found(local.filePath()));
            case Provider.HuggingFace hub ->
                Optional.of(HuggingFaceCache.ofHost().find(hub));
            case Provider.Remote _ -> Optional.empty();
        };
    }

    /** What its file's SHA-256 must be. */
    public Optional<String> sha256() {
        return switch (provider) {
            case Provider.LocalFile file -> Optional.ofNullable(file.sha256());
            case Provider.HuggingFace hub -> Optional.ofNullable(hub.sha256());
            case Provider.Remote _ -> Optional.empty();
        };
    }

    /** The same, as the one that its id means or not. */
    Model asDefault(boolean means) {
        return new Model(id, version, means, aliases, name, provider, capabilities, requirements, engine, header);
    }
}
