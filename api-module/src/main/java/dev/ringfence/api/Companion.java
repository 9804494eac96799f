package dev.ringfence.api;

import dev.ringfence.catalog.Catalog;
import dev.ringfence.runner.capability.ManifestException;

/** Something that is read together with the catalog file, so that both change or neither. */
@FunctionalInterface
interface Companion {
    /**
     * Reads it, and changes nothing yet. Blocks.
     *
     * @param next the catalog that will be in use
     * @return puts it into use; does not fail
     * @throws ManifestException with all that is wrong
     */
    Runnable prepare(Catalog next);
}
