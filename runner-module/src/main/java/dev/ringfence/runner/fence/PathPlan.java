package dev.ringfence.runner.fence;

import dev.ringfence.catalog.SandboxProfile.Filesystem;
import dev.ringfence.runner.fence.FenceReport.Entry;
import dev.ringfence.runner.fence.TierPlan.Mount;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * How the paths of a profile become mounts. What is mounted cannot be renamed or removed from inside, and neither can a
 * directory on the way to it that is a mount itself: so below a path that a job can write to, every directory down to
 * one that is denied or read-only becomes a mount of its own, and the job cannot move it out of the way for the next.
 */
final class PathPlan {
    private static final int MOST_GIVEN = 512;

    private final Filesystem asked;
    private final List<Path> needed;
    private final boolean root;
    private final Predicate<Path> underSystem;

    /** By path, so that what lies deeper is mounted later; true when it can be written to. */
    private final TreeMap<Path, Boolean> given = new TreeMap<>();

    private final Map<Path, Path> real = new LinkedHashMap<>();
    private final Set<Path> masked = new LinkedHashSet<>();
    private final Set<Integer> groups = new LinkedHashSet<>();
    private final List<Mount> mounts = new ArrayList<>();
    private final List<Entry> entries = new ArrayList<>();

    private PathPlan(Filesystem asked, List<Path> needed, boolean root, Predicate<Path> underSystem) {
        this.asked = asked;
        this.needed = needed;
        this.root = root;
        this.underSystem = underSystem;
    }

    /**
     * The plan for a profile's paths.
     *
     * @param needed what the runner itself needs inside, read-only
     * @param root whether jobs get other users than the service
     * @param underSystem whether a path is part of the read-only system that every fence has
     * @throws FenceException.Refused when they cannot be enforced
     */
    static PathPlan of(Filesystem asked, List<Path> needed, boolean root, Predicate<Path> underSystem) {
        var plan = new PathPlan(asked, needed, root, underSystem);
        plan.plan();
        return plan;
    }

    /** In the order of mounting. */
    List<Mount> mounts() {
        return mounts;
    }

    /** Groups that the job needs beside its own to write where it may. */
    Set<Integer> groups() {
        return groups;
    }

    /** Where the job may write, as the host names it. */
    List<Path> writable() {
        return writes().map(this::real).toList();
    }

    List<Entry> entries() {
        return entries;
    }

    private void plan() {
        for (var pattern : asked.readPaths()) {
            PathRules.expand(ProfileKeys.READ_PATHS, pattern).forEach(path -> give(path, false));
        }
        var readable = List.copyOf(given.keySet());
        var written = WritePaths.of(asked.writePaths(), root);
        written.paths().forEach(path -> give(path, true));
        groups.addAll(written.groups());
        if (given.size() > MOST_GIVEN) {
            throw new FenceException.Refused(
                    ProfileKeys.READ_PATHS,
                    "the profile gives " + given.size() + " paths, and " + MOST_GIVEN
                            + " is the most; name directories");
        }
        asked.deniedPaths().forEach(this::deny);
        readable.stream().filter(path -> Boolean.FALSE.equals(given.get(path))).forEach(this::fixWayTo);
        masked.forEach(this::fixWayTo);
        mount();
        report(readable);
    }

    private void give(GivenPath path, boolean writable) {
        given.merge(path.path(), writable, (one, other) -> one || other);
        real.put(path.path(), path.real());
    }

    private void deny(String pattern) {
        for (var found : PathRules.expand(ProfileKeys.DENIED_PATHS, pattern)) {
            for (var path : List.of(found.path(), found.real())) {
                // Needed inside by the runner itself: hiding it would only fail in a stranger way later.
                if (needed.stream().anyMatch(one -> one.startsWith(path))) {
                    throw new FenceException.Refused(
                            ProfileKeys.DENIED_PATHS, path + " is denied, and the job needs what is below it");
                }
                // Denied wins: what was given there is not given at all.
                given.keySet().removeIf(one -> one.startsWith(path) || real(one).startsWith(path));
                if (underSystem.test(path) || needed.stream().anyMatch(path::startsWith)) {
                    masked.add(path);
                }
            }
            // Wherever it shows, also where a link gave its directory another name.
            for (var one : given.keySet()) {
                if (found.real().startsWith(real(one))) {
                    masked.add(one.resolve(real(one).relativize(found.real())));
                }
            }
        }
    }

    private Path real(Path path) {
        return Objects.requireNonNull(real.get(path));
    }

    /** Makes mounts of the directories between what can be written to and something below it that cannot. */
    private void fixWayTo(Path path) {
        for (var above = path.getParent(); above != null; above = above.getParent()) {
            if (given.containsKey(above)) {
                continue;
            }
            var between = above;
            given.headMap(between, false).descendingMap().entrySet().stream()
                    .filter(entry -> between.startsWith(entry.getKey()))
                    .findFirst()
                    .filter(Map.Entry::getValue)
                    .map(Map.Entry::getKey)
                    .ifPresent(top -> {
                        real.put(between, real(top).resolve(top.relativize(between)));
                        given.put(between, true);
                    });
        }
    }

    private void mount() {
        for (var path : needed) {
            parents(path);
            mounts.add(new Mount.ReadOnly(path));
        }
        given.forEach((path, writable) -> {
            parents(path);
            mounts.add(new Mount.Given(path, real(path), writable));
        });
        masked.stream()
                .filter(path -> masked.stream().noneMatch(above -> !above.equals(path) && path.startsWith(above)))
                .forEach(path -> mounts.add(new Mount.Masked(path, Files.isDirectory(path))));
    }

    private void parents(Path path) {
        mounts.addAll(above(
                path,
                parent -> underSystem.test(parent) || given.keySet().stream().anyMatch(parent::startsWith)));
    }

    /**
     * Directories above a path, the highest first. They are made by hand, since bubblewrap would keep others than their
     * owner out of them.
     *
     * @param there whether a directory is there without that
     */
    static List<Mount> above(Path path, Predicate<Path> there) {
        var parents = new ArrayList<Mount>();
        for (var parent = path.getParent(); parent != null && parent.getNameCount() > 0; parent = parent.getParent()) {
            if (!there.test(parent)) {
                parents.addFirst(new Mount.Directory(parent));
            }
        }
        return parents;
    }

    private void report(List<Path> readable) {
        entries.add(new Entry(
                ProfileKeys.READ_PATHS,
                asked.readPaths().toString(),
                "read-only mounts of what was held by descriptors; links are followed only when root made them",
                "the system; for the job itself: " + Planning.list(needed) + "; by the profile: "
                        + Planning.list(readable)));
        entries.add(new Entry(
                ProfileKeys.WRITE_PATHS,
                asked.writePaths().isEmpty() ? "none" : asked.writePaths().toString(),
                asked.writePaths().isEmpty()
                        ? "none of the profile's"
                        : "writable mounts of what was held by descriptors",
                asked.writePaths().isEmpty()
                        ? "none"
                        : Planning.list(writes().toList()) + (groups.isEmpty() ? "" : ", by groups " + groups)));
        entries.add(new Entry(
                ProfileKeys.DENIED_PATHS,
                asked.deniedPaths().toString(),
                asked.deniedPaths().isEmpty()
                        ? "nothing is visible that is not given"
                        : "masked; refused where a job could make one; nothing is visible that is not given",
                masked.size() + " masked"));
    }

    private Stream<Path> writes() {
        return given.entrySet().stream().filter(Map.Entry::getValue).map(Map.Entry::getKey);
    }
}
