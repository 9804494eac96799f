package dev.ringfence.api;

import dev.ringfence.catalog.Catalog;
import dev.ringfence.catalog.Problem;
import dev.ringfence.runner.capability.ManifestException;
import java.util.List;

/** Something that is read together with the catalog file, so that both change or neither. */
interface Companion {
    /** As long as there is no other. */
    Companion NONE = new Companion() {
        @Override
        public Runnable prepare(Catalog next) {
            return () -> {};
        }

        @Override
        public List<Problem> doubts(Catalog inUse) {
            return List.of();
        }
    };

    /**
     * Reads it, and changes nothing yet. Blocks.
     *
     * @param next the catalog that will be in use
     * @return puts it into use; does not fail
     * @throws ManifestException with all that is wrong
     */
    Runnable prepare(Catalog next);

    /** What is doubtful in a catalog beside what is in use here: what keeps nobody from using it. */
    List<Problem> doubts(Catalog inUse);
}
