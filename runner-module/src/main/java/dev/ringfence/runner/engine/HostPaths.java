package dev.ringfence.runner.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Paths of the host behind all symbolic links: a fence binds none of those, and model caches are full of them. */
final class HostPaths {
    private HostPaths() {}

    /** The model's file behind all links. */
    static Path modelFile(LocalModel model) {
        var file = model.file();
        if (!Files.exists(file)) {
            throw new EngineException.ModelFileMissing(
                    "the file of model %s is not there: %s; put it there or correct the catalog"
                            .formatted(model.id(), file.toAbsolutePath()));
        }
        if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
            throw new EngineException.ModelFileMissing("the file of model %s is no file that this service can read: %s"
                    .formatted(model.id(), file.toAbsolutePath()));
        }
        return real(file);
    }

    /** Behind all links; the absolute path itself when that cannot be told. */
    static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            return path.toAbsolutePath().normalize();
        }
    }
}
