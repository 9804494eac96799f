package dev.ringfence.runner.files;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import java.util.regex.Pattern;

/** What agents may reach of the host's files: each its workspace, and what an operator names. Immutable, thread-safe. */
public final class FileRoots {
    /** The root that every agent has. */
    public static final String WORKSPACE = "workspace";

    /** Where fenced programs see the workspace. */
    public static final Path WORK = Path.of("/work");

    private static final Path OTHERS = Path.of("/roots");
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,40}");
    private static final List<Path> NEVER = List.of(Path.of("/proc"), Path.of("/sys"), Path.of("/dev"));

    private final Map<String, FileRoot> named = new TreeMap<>();
    private final Workspaces workspaces;
    private final BiPredicate<String, String> granted;

    /** A directory that an operator names. */
    public record Named(Path path, boolean writable) {}

    /**
     * @param granted whether an agent may work in a root of a name
     * @param data the service's own directory, which no root may show
     * @throws IllegalArgumentException when a root cannot be given; the message names the key
     */
    public FileRoots(Map<String, Named> named, Workspaces workspaces, BiPredicate<String, String> granted, Path data) {
        this.workspaces = workspaces;
        this.granted = granted;
        named.forEach((name, root) -> this.named.put(name, checked(name, root, data)));
    }

    /**
     * A root as an agent sees it.
     *
     * @param name empty for the workspace
     * @throws Refused when there is none of that name, or the agent may not work in it; type {@code unknown-root}
     */
    public FileRoot find(Optional<String> name, String agent, Optional<String> session) {
        var wanted = name.orElse(WORKSPACE);
        var root = named.get(wanted);
        if (!granted.test(agent, wanted) || (root == null && !wanted.equals(WORKSPACE))) {
            var there =
                    names().stream().filter(each -> granted.test(agent, each)).toList();
            throw new Refused("unknown-root", "there is no root \"" + wanted + "\" for this agent; there are " + there);
        }
        return root != null ? root : new FileRoot(WORKSPACE, workspaces.of(agent, session), WORK, true);
    }

    /** All names, the workspace's first. */
    public List<String> names() {
        var names = new java.util.ArrayList<String>();
        names.add(WORKSPACE);
        names.addAll(named.keySet());
        return names;
    }

    /** Whom programs in a workspace run as; empty when the service cannot change that. */
    public OptionalInt user(String agent, Optional<String> session) {
        return workspaces.user(agent, session);
    }

    private static FileRoot checked(String name, Named root, Path data) {
        String key = "ringfence.files.roots." + name;
        if (!NAME.matcher(name).matches() || name.equals(WORKSPACE)) {
            throw new IllegalArgumentException(
                    key + ": a root's name has small letters, digits and -, and is not \"" + WORKSPACE + "\"");
        }
        var path = root.path();
        if (!path.isAbsolute() || !path.normalize().equals(path) || path.getNameCount() == 0) {
            throw new IllegalArgumentException(
                    key + ".path is " + path + "; it must be an absolute path below / without \".\" and \"..\"");
        }
        if (!Files.isDirectory(path)) {
            throw new IllegalArgumentException(key + ".path is " + path + ", which is no directory");
        }
        Path real;
        try {
            real = path.toRealPath();
        } catch (java.io.IOException e) {
            throw new IllegalArgumentException(key + ".path is " + path + ", which cannot be reached: " + e, e);
        }
        if (NEVER.stream().anyMatch(real::startsWith)) {
            throw new IllegalArgumentException(key + ".path is " + path + "; nothing below " + NEVER + " can be given");
        }
        if (real.startsWith(data) || data.startsWith(real)) {
            throw new IllegalArgumentException(
                    key + ".path is " + path + ", and would show the service's own directory " + data);
        }
        return new FileRoot(name, real, OTHERS.resolve(name), root.writable());
    }
}
