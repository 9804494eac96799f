package dev.ringfence.runner.files;

import dev.ringfence.runner.process.PathRefused;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** Says what went wrong with a file in the words of its root; the places on the host stay inside. */
final class Failures {
    private Failures() {}

    static Refused of(IOException error, FileRoot root, Object path) {
        String place = "\"" + path + "\" in the root \"" + root.name() + "\"";
        return switch (error) {
            case PathRefused e -> new Refused("path-refused", place + " is refused: " + e.getReason(), e);
            case NoSuchFileException e -> new Refused("no-such-file", place + " does not exist", e);
            case NotDirectoryException e ->
                new Refused("no-such-file", place + " lies below something that is no directory", e);
            case FileAlreadyExistsException e -> new Refused("file-exists", place + " exists already", e);
            case AccessDeniedException e ->
                new Refused("access-denied", place + " may not be reached by the service's user", e);
            case FileSystemException e ->
                new Refused("file-failed", place + ": " + (e.getReason() == null ? "it failed" : e.getReason()), e);
            default -> new Refused("file-failed", place + ": " + error.getMessage(), error);
        };
    }
}
