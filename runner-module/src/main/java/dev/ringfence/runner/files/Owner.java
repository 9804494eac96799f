package dev.ringfence.runner.files;

import dev.ringfence.runner.process.HeldDirectory;
import dev.ringfence.runner.process.PinnedFile;
import dev.ringfence.runner.process.ProcessEngine;
import java.io.IOException;
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
    void give(PinnedFile file) throws IOException {
        if (ProcessEngine.effectiveUser() == 0) {
            file.give(user, group);
        }
    }

    /** The same of a directory. */
    void give(HeldDirectory directory) throws IOException {
        if (ProcessEngine.effectiveUser() == 0) {
            directory.give(user, group);
        }
    }
}
