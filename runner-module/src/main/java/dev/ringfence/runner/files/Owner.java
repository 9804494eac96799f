package dev.ringfence.runner.files;

import dev.ringfence.runner.process.ProcessEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Whose a file is, as numbers. */
record Owner(int user, int group) {
    /** For files and directories that only the service may see. */
    static final FileAttribute<Set<PosixFilePermission>> ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    static final FileAttribute<Set<PosixFilePermission>> ONLY_DIRECTORY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    /** For directories below which each has its own owner: others pass, and see nothing. */
    static final FileAttribute<Set<PosixFilePermission>> PASSABLE_DIRECTORY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x"));

    static Owner of(Inode inode) {
        return new Owner(inode.user(), inode.group());
    }

    /** Gives a file away when the service runs as root; otherwise all it makes is its own anyway. */
    void give(Path path) throws IOException {
        if (ProcessEngine.effectiveUser() == 0) {
            Files.setAttribute(path, "unix:gid", group, LinkOption.NOFOLLOW_LINKS);
            Files.setAttribute(path, "unix:uid", user, LinkOption.NOFOLLOW_LINKS);
        }
    }
}
