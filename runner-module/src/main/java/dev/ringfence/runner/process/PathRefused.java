package dev.ringfence.runner.process;

import java.nio.file.FileSystemException;

/** A path does not lie plainly below its directory: ask for another one. */
public final class PathRefused extends FileSystemException {
    private static final long serialVersionUID = 1L;

    PathRefused(String path, String reason) {
        super(path, null, reason);
    }
}
