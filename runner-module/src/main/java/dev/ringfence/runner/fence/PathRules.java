package dev.ringfence.runner.fence;

import dev.ringfence.runner.process.PinnedFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Turns the paths of a profile, globs among them, into what is there now.
 *
 * <p>Links are a way out of what was meant, since a job can put one where it may write. So a link on the way to a path is
 * followed only when it belongs to root, which no job ever is, and one that a wildcard finds is passed over: what it
 * leads to is given or denied where it is.
 */
final class PathRules {
    private static final Pattern GLOB = Pattern.compile("[*?\\[{]");
    private static final int MOST_MATCHES = 256;
    private static final int MOST_VISITED = 20_000;
    private static final int MOST_LINKS = 40;

    /** What no profile can give: it would open the host itself. */
    private static final List<Path> NEVER = List.of(Path.of("/proc"), Path.of("/sys"), Path.of("/dev"));

    private PathRules() {}

    /**
     * The existing paths that a pattern names, without those below another match.
     *
     * @param field the profile's key, for errors
     */
    static List<GivenPath> expand(String field, String pattern) {
        var base = base(field, pattern);
        var real = real(field, base);
        refuseTheHostItself(field, pattern, real);
        if (!Files.exists(real, LinkOption.NOFOLLOW_LINKS)) {
            return List.of();
        }
        return GLOB.matcher(pattern).find() ? matches(field, pattern, base, real) : List.of(new GivenPath(base, real));
    }

    /**
     * Whether whoever may write below a directory could make something there that a pattern names.
     *
     * @param field the profile's key, for errors
     * @param writable without links
     * @param closed what cannot be written to or moved, also where it lies below that; without links
     */
    static boolean couldBeMade(String field, String pattern, Path writable, Set<Path> closed) {
        if (Files.exists(writable) && !Files.isDirectory(writable)) {
            return false;
        }
        var base = base(field, pattern);
        var real = real(field, base);
        if (closed.stream().anyMatch(path -> path.startsWith(writable) && real.startsWith(path))) {
            return false;
        }
        var names = Path.of("/").relativize(Path.of(pattern));
        if (base.getNameCount() == names.getNameCount()) {
            return isNewBelow(writable, real);
        }
        if (real.startsWith(writable)) {
            return true;
        }
        if (!writable.startsWith(real)) {
            return false;
        }
        int next = base.getNameCount();
        for (var name : real.relativize(writable)) {
            if (next == names.getNameCount()) {
                return false;
            }
            var wanted = names.getName(next++).toString();
            if (mayCross(wanted)) {
                return true;
            }
            if (!FileSystems.getDefault().getPathMatcher("glob:" + wanted).matches(name)) {
                return false;
            }
        }
        if (next == names.getNameCount()) {
            return false;
        }
        var known = writable;
        while (next < names.getNameCount()
                && !GLOB.matcher(names.getName(next).toString()).find()) {
            known = known.resolve(names.getName(next++));
        }
        var place = known;
        if (closed.stream().anyMatch(path -> path.startsWith(writable) && place.startsWith(path))) {
            return false;
        }
        return next < names.getNameCount() || isNewBelow(writable, place);
    }

    private static boolean isNewBelow(Path directory, Path path) {
        return path.startsWith(directory) && !path.equals(directory) && !Files.exists(path, LinkOption.NOFOLLOW_LINKS);
    }

    /** Whether a part of a glob can stand for several names in a row; a group can hold slashes. */
    private static boolean mayCross(String part) {
        return part.contains("**")
                || part.chars().filter(one -> one == '{').count()
                        != part.chars().filter(one -> one == '}').count();
    }

    /** Follows links that belong to root; refuses any other. What does not exist stays as it is. */
    private static Path real(String field, Path path) {
        var real = Path.of("/");
        var names = new ArrayDeque<Path>();
        path.forEach(names::add);
        int links = 0;
        while (!names.isEmpty()) {
            var next = real.resolve(names.pop()).normalize();
            var target = linkOfRoot(field, path, next);
            if (target.isEmpty()) {
                real = next;
                continue;
            }
            if (++links > MOST_LINKS) {
                throw new FenceException.Refused(field, "\"" + path + "\" goes through too many links");
            }
            var whole = next.resolveSibling(target.get());
            var rest = new ArrayDeque<Path>();
            whole.forEach(rest::add);
            rest.addAll(names);
            names = rest;
            real = Path.of("/");
        }
        return real;
    }

    /** What a link leads to; empty when there is none. Owner and target are the same link's: it is held meanwhile. */
    private static Optional<Path> linkOfRoot(String field, Path path, Path next) {
        try (var held = PinnedFile.of(next)) {
            var target = held.link();
            if (target.isPresent() && held.owner() != 0) {
                throw new FenceException.Refused(
                        field,
                        "\"" + path + "\" goes through the link " + next + ", which does not belong to root; write the"
                                + " path that it leads to");
            }
            return target;
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new FenceException.Refused(field, "\"" + path + "\" cannot be looked at: " + e.getMessage());
        }
    }

    private static List<GivenPath> matches(String field, String pattern, Path base, Path real) {
        var matcher = FileSystems.getDefault().getPathMatcher("glob:" + pattern);
        var found = new ArrayList<GivenPath>();
        try {
            Files.walkFileTree(real, Set.of(), 64, new SimpleFileVisitor<>() {
                private int visited;

                @Override
                public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                    return take(directory) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    if (!attributes.isSymbolicLink()) {
                        take(file);
                    }
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
                    var named = base.resolve(real.relativize(path));
                    if (!matcher.matches(named)) {
                        return false;
                    }
                    if (found.size() == MOST_MATCHES) {
                        throw new FenceException.Refused(
                                field,
                                "\"" + pattern + "\" matches more than " + MOST_MATCHES
                                        + " paths; name their directory instead");
                    }
                    return found.add(new GivenPath(named, path));
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
        refuseTheHostItself(field, pattern, base);
        return base;
    }

    private static void refuseTheHostItself(String field, String pattern, Path base) {
        if (base.getNameCount() == 0) {
            throw new FenceException.Refused(
                    field, "\"" + pattern + "\" would search or open the whole host; name a directory below /");
        }
        for (var never : NEVER) {
            if (base.startsWith(never)) {
                throw new FenceException.Refused(
                        field, "\"" + pattern + "\": nothing below " + never + " can be given");
            }
        }
    }

    /** The nearest directory above a path that users other than its owner cannot pass. */
    static Optional<Path> closedAncestor(Path path) throws IOException {
        for (var above = path.getParent(); above != null; above = above.getParent()) {
            if (!Files.getPosixFilePermissions(above).contains(PosixFilePermission.OTHERS_EXECUTE)) {
                return Optional.of(above);
            }
        }
        return Optional.empty();
    }
}
