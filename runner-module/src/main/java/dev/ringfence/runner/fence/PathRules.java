package dev.ringfence.runner.fence;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Turns the paths of a profile, globs among them, into what is there now. */
final class PathRules {
    private static final Pattern GLOB = Pattern.compile("[*?\\[{]");
    private static final int MOST_MATCHES = 256;
    private static final int MOST_VISITED = 20_000;

    /** What no profile can give: it would open the host itself. */
    private static final List<Path> NEVER = List.of(Path.of("/proc"), Path.of("/sys"), Path.of("/dev"));

    private PathRules() {}

    /**
     * The existing paths that a pattern names, without those below another match.
     *
     * @param field the profile's key, for errors
     */
    static List<Path> expand(String field, String pattern) {
        var base = base(field, pattern);
        if (!GLOB.matcher(pattern).find()) {
            return Files.exists(base) ? List.of(base) : List.of();
        }
        var matcher = FileSystems.getDefault().getPathMatcher("glob:" + pattern);
        var found = new ArrayList<Path>();
        try {
            Files.walkFileTree(base, Set.of(), 64, new SimpleFileVisitor<>() {
                private int visited;

                @Override
                public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                    return take(directory) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    take(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException failure) {
                    return FileVisitResult.CONTINUE;
                }

                private boolean take(Path path) {
                    if (++visited > MOST_VISITED) {
                        throw new FenceException.Refused(
                                field,
                                "\"" + pattern + "\" would search more than " + MOST_VISITED
                                        + " files; name a deeper directory before the first wildcard");
                    }
                    if (!matcher.matches(path)) {
                        return false;
                    }
                    if (found.size() == MOST_MATCHES) {
                        throw new FenceException.Refused(
                                field,
                                "\"" + pattern + "\" matches more than " + MOST_MATCHES
                                        + " paths; name their directory instead");
                    }
                    return found.add(path);
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return List.copyOf(found);
    }

    /** The path, or what stands before the first name with a wildcard. */
    private static Path base(String field, String pattern) {
        Path path;
        try {
            path = Path.of(pattern);
        } catch (InvalidPathException e) {
            throw new FenceException.Refused(field, "\"" + pattern + "\" is not a path: " + e.getReason());
        }
        if (!path.isAbsolute() || !path.normalize().equals(path)) {
            throw new FenceException.Refused(
                    field, "\"" + pattern + "\" must be an absolute path without \".\" and \"..\"");
        }
        var base = Path.of("/");
        for (var name : path) {
            if (GLOB.matcher(name.toString()).find()) {
                break;
            }
            base = base.resolve(name);
        }
        if (base.getNameCount() == 0) {
            throw new FenceException.Refused(
                    field, "\"" + pattern + "\" would open the whole host; name a directory below /");
        }
        for (var never : NEVER) {
            if (base.startsWith(never)) {
                throw new FenceException.Refused(
                        field, "\"" + pattern + "\": nothing below " + never + " can be given");
            }
        }
        return base;
    }
}
