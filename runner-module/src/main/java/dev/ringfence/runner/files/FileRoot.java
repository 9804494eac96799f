package dev.ringfence.runner.files;

import java.nio.file.Path;

/**
 * A directory below which an agent may reach files.
 *
 * @param name as agents name it
 * @param path where it is on the host
 * @param inside where fenced programs see it
 */
public record FileRoot(String name, Path path, Path inside, boolean writable) {
    /** The same for programs that see the host's tree of directories. */
    public FileRoot seenInPlace() {
        return new FileRoot(name, path, path, writable);
    }
}
