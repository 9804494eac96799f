package dev.ringfence.catalog;

import java.nio.file.Path;

/** Where a model's file is on this host. */
public sealed interface ModelFile {
    /** It should be there; nobody has opened it. */
    record Found(Path path) implements ModelFile {}

    /**
     * This host does not have it.
     *
     * @param message where it was looked for, and how to get it
     */
    record Missing(String message) implements ModelFile {}
}
