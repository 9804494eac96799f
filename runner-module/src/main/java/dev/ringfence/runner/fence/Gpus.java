package dev.ringfence.runner.fence;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The host's GPUs, each lent to one job at a time. A file lock for each keeps other services of the host out as well,
 * and ends with this one however it ends. Thread-safe.
 */
final class Gpus {
    /** One for the whole process, as the kernel's locks are a process's. */
    private static final Set<Path> LENT = new HashSet<>();

    private final Path locks;

    /** Locks are files in a directory that all services of the host share. */
    Gpus(Path locks) {
        this.locks = locks;
    }

    /**
     * What the host has, as device nodes.
     *
     * @param devices where device nodes are
     * @param units one for each GPU
     * @param shared what programs need beside one, whichever it is
     */
    record Found(Path devices, List<Path> units, List<Path> shared) {
        Found {
            units = List.copyOf(units);
            shared = List.copyOf(shared);
        }

        List<Path> all() {
            return Stream.concat(units.stream(), shared.stream()).toList();
        }

        /** What a job gets. */
        List<Path> with(Lease lease) {
            return Stream.concat(Stream.of(lease.unit()), shared.stream()).toList();
        }
    }

    /** One GPU, lent until it is closed. */
    record Lease(Path unit, Runnable end) implements AutoCloseable {
        @Override
        public void close() {
            end.run();
        }
    }

    /** NVIDIA's nodes where there are any, and otherwise the render nodes of the kernel's own drivers. */
    static Found find(Path devices) {
        var nvidia = nodes(devices, "nvidia[0-9]*");
        if (!nvidia.isEmpty()) {
            return new Found(
                    devices,
                    nvidia,
                    Stream.of("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset")
                            .map(devices::resolve)
                            .filter(Files::exists)
                            .toList());
        }
        var kfd = devices.resolve("kfd");
        return new Found(
                devices, nodes(devices.resolve("dri"), "renderD*"), Files.exists(kfd) ? List.of(kfd) : List.of());
    }

    /** What the device nodes let a job's user in by, where it is not everybody. */
    static Set<Integer> groups(List<Path> nodes) {
        var groups = new TreeSet<Integer>();
        for (var node : nodes) {
            try {
                var permissions = Files.getPosixFilePermissions(node);
                int group = (int) Files.getAttribute(node, "unix:gid");
                if (permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
                    continue;
                }
                if (group == 0 || !permissions.contains(PosixFilePermission.GROUP_WRITE)) {
                    throw new FenceException.Refused(
                            ProfileKeys.GPU_ACCESS,
                            node + " has the permissions " + PosixFilePermissions.toString(permissions)
                                    + ", which keep a job's user out; give it to a group that is not root's (chgrp"
                                    + " render " + node + "; chmod g+rw " + node + ")");
                }
                groups.add(group);
            } catch (IOException e) {
                throw new FenceException.Broken(node + " cannot be looked at: " + e.getMessage(), e);
            }
        }
        return groups;
    }

    private static List<Path> nodes(Path directory, String glob) {
        var nodes = new ArrayList<Path>();
        try (var found = Files.newDirectoryStream(directory, glob)) {
            found.forEach(nodes::add);
        } catch (IOException | DirectoryIteratorException e) {
            return List.of();
        }
        nodes.sort(null);
        return nodes;
    }

    /**
     * Lends a GPU that nobody has.
     *
     * @throws FenceException.Refused when all are in use
     */
    Lease lend(List<Path> units) {
        for (var unit : units) {
            synchronized (LENT) {
                // Looked at first: closing a second channel to a locked file would end the lock of the first.
                if (!LENT.add(unit)) {
                    continue;
                }
            }
            FileChannel channel = null;
            try {
                channel = lock(unit);
                if (channel.tryLock() != null) {
                    var locked = channel;
                    return new Lease(unit, () -> giveBack(unit, locked));
                }
                giveBack(unit, channel);
            } catch (IOException e) {
                giveBack(unit, channel);
                throw new FenceException.Broken("the lock for " + unit + " could not be taken: " + e.getMessage(), e);
            }
        }
        throw new FenceException.Refused(
                ProfileKeys.GPU_ACCESS,
                "every GPU of this host is in use (" + units + "); try again when a job has ended");
    }

    private void giveBack(Path unit, @Nullable FileChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            // Closed all the same, and the lock with it.
        }
        synchronized (LENT) {
            LENT.remove(unit);
        }
    }

    /** Opened without making it where it is there: the kernel refuses both at once for a file of another user. */
    private FileChannel lock(Path unit) throws IOException {
        var file = locks.resolve("ringfence-gpu-" + unit.getFileName() + ".lock");
        try {
            return open(file);
        } catch (NoSuchFileException e) {
            try {
                Files.createFile(file);
                Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
            } catch (FileAlreadyExistsException other) {
                // Another service was faster.
            }
            return open(file);
        }
    }

    private static FileChannel open(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
    }
}
