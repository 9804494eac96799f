package dev.ringfence.runner.fence;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Where on the host a job may write.
 *
 * @param groups that its user needs beside its own to write there; only for a service that is root
 */
record WritePaths(List<GivenPath> paths, Set<Integer> groups) {
    private static final Path TEMPORARY = Path.of("/tmp");

    WritePaths {
        paths = List.copyOf(paths);
        groups = Set.copyOf(groups);
    }

    /**
     * What the patterns name now.
     *
     * @param root whether jobs get other users than the service
     * @throws FenceException.Refused when something is not there, or a job could not write there
     */
    static WritePaths of(List<String> patterns, boolean root) {
        var paths = new ArrayList<GivenPath>();
        var groups = new LinkedHashSet<Integer>();
        for (var pattern : patterns) {
            var found = PathRules.expand(ProfileKeys.WRITE_PATHS, pattern);
            if (found.isEmpty()) {
                throw new FenceException.Refused(
                        ProfileKeys.WRITE_PATHS, "\"" + pattern + "\" does not exist; create what jobs shall write to");
            }
            for (var path : found) {
                if (TEMPORARY.startsWith(path.path()) || TEMPORARY.startsWith(path.real())) {
                    throw new FenceException.Refused(
                            ProfileKeys.WRITE_PATHS,
                            path.path() + " would be the host's /tmp; a job has one of its own with allow_temp_files");
                }
                admit(path.real(), root, groups);
                paths.add(path);
            }
        }
        return new WritePaths(paths, groups);
    }

    /** Whether a job's user will be able to write there; finds the group that lets it. */
    private static void admit(Path path, boolean root, Set<Integer> groups) {
        try {
            var attributes = Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (!root) {
                if (!Files.isWritable(path)) {
                    throw notWritable(path, attributes, "jobs run as the service's user, which cannot write there");
                }
                return;
            }
            var permissions = attributes.permissions();
            if (permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
                return;
            }
            int group = (int) Files.getAttribute(path, "unix:gid", LinkOption.NOFOLLOW_LINKS);
            if (group == 0 || !permissions.contains(PosixFilePermission.GROUP_WRITE)) {
                throw notWritable(
                        path,
                        attributes,
                        "jobs run as other users than the service; give it to a group that is not root's and that may write"
                                + " (chgrp GROUP; chmod g+rwxs)");
            }
            groups.add(group);
        } catch (IOException e) {
            throw new FenceException.Refused(ProfileKeys.WRITE_PATHS, path + " cannot be looked at: " + e.getMessage());
        }
    }

    private static FenceException.Refused notWritable(Path path, PosixFileAttributes attributes, String why) {
        return new FenceException.Refused(
                ProfileKeys.WRITE_PATHS,
                path + " belongs to " + attributes.owner() + ":" + attributes.group() + " with "
                        + PosixFilePermissions.toString(attributes.permissions()) + ", and " + why);
    }
}
