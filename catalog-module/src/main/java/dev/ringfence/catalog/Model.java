package dev.ringfence.catalog;

import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * An entry of the catalog.
 *
 * @param id what agents ask for
 * @param name for people
 * @param capabilities in the order of the enum
 */
public record Model(
        String id,
        String name,
        Provider provider,
        Set<ModelCapability> capabilities,
        ResourceRequirements requirements) {
    public Model {
        Objects.requireNonNull(id);
        Objects.requireNonNull(name);
        Objects.requireNonNull(provider);
        Objects.requireNonNull(requirements);
        var ordered = EnumSet.noneOf(ModelCapability.class);
        ordered.addAll(capabilities);
        capabilities = Collections.unmodifiableSet(ordered);
    }

    /** The absolute path of a model that is a file of this host; it is only looked for when it is used. */
    public Optional<Path> localFile() {
        return provider instanceof Provider.LocalFile file ? Optional.of(file.filePath()) : Optional.empty();
    }
}
