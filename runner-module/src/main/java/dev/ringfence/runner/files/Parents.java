package dev.ringfence.runner.files;

import dev.ringfence.runner.process.HeldDirectory;
import dev.ringfence.runner.process.ProcessEngine;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;

/** The way from a root to the directory of a file, one held directory after the other. */
final class Parents {
    private Parents() {}

    /**
     * Holds the directory of a file and makes what is missing of the way.
     *
     * @param made gets the directories that were made, outermost first, relative to the root
     */
    static HeldDirectory make(FileRoot root, FilePath path, List<String> made) throws IOException {
        var current = HeldDirectory.withoutLinks(root.path());
        var way = new ArrayList<String>();
        for (var name : path.parents()) {
            way.add(name);
            try (var parent = current) {
                current = step(parent, name, String.join("/", way), made);
            }
        }
        return current;
    }

    /** Holds the directory of a file. */
    static HeldDirectory find(FileRoot root, FilePath path) throws IOException {
        var top = HeldDirectory.withoutLinks(root.path());
        if (path.parents().isEmpty()) {
            return top;
        }
        try (top) {
            return top.directory(String.join("/", path.parents()));
        }
    }

    /** How many directories of the way are not there. */
    static List<String> missing(FileRoot root, FilePath path) throws IOException {
        var missing = new ArrayList<String>();
        try (var top = HeldDirectory.withoutLinks(root.path())) {
            for (int depth = 1; depth <= path.parents().size(); depth++) {
                var way = String.join("/", path.parents().subList(0, depth));
                if (!missing.isEmpty() || !exists(top, way)) {
                    missing.add(way);
                }
            }
        }
        return missing;
    }

    /** Removes directories that were made, innermost first, as far as nobody put anything there. */
    static void remove(FileRoot root, List<String> made) throws IOException {
        for (var way : made.reversed()) {
            var path = new FilePath(List.of(way.split("/")));
            if (!removed(root, path)) {
                return;
            }
        }
    }

    /** Whether it is gone: somebody else may have been faster. */
    private static boolean removed(FileRoot root, FilePath path) throws IOException {
        try (var parent = find(root, path)) {
            parent.removeDirectory(path.name());
            return true;
        } catch (NoSuchFileException e) {
            return true;
        } catch (DirectoryNotEmptyException e) {
            return false;
        }
    }

    private static boolean exists(HeldDirectory top, String way) throws IOException {
        try (var _ = top.directory(way)) {
            return true;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private static HeldDirectory step(HeldDirectory parent, String name, String way, List<String> made)
            throws IOException {
        try {
            return parent.directory(name);
        } catch (NoSuchFileException e) {
            try {
                parent.makeDirectory(name);
            } catch (FileAlreadyExistsException another) {
                return parent.directory(name);
            }
            made.add(way);
            parent.sync();
            var child = parent.directory(name);
            try {
                requireMade(child, way);
                Owner.of(Inode.of(parent.path())).give(child);
                return child;
            } catch (IOException | RuntimeException failure) {
                child.close();
                throw failure;
            }
        }
    }

    /** Whoever may write to the parent could have put another directory there, which is not to be given away. */
    private static void requireMade(HeldDirectory child, String way) throws IOException {
        try (var entries = Files.newDirectoryStream(child.path())) {
            if (Inode.of(child.path()).user() == ProcessEngine.effectiveUser()
                    && !entries.iterator().hasNext()) {
                return;
            }
        } catch (AccessDeniedException e) {
            // Then it is none that was just made.
        }
        throw new Refused(
                "changed-meanwhile",
                "the directory \"" + way + "\" was replaced by others at the moment it was made; nothing was written");
    }
}
