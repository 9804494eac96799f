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
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The host's GPUs, each lent to one job at a time. A file lock for each keeps other services of the host out as well,
 * and ends with this one however it ends. Thread-safe.
 */
final class Gpus {
    private static final Path DEVICES = Path.of("/dev");

    private final Path locks;
    private final Set<Path> lent = new HashSet<>();

    /** Locks are files in a directory that all services of the host share. */
    Gpus(Path locks) {
        this.locks = locks;
    }

    /**
     * What the host has, as device nodes.
     *
     * @param units one for each GPU
     * @param shared what programs need beside one, whichever it is
     */
    record Found(List<Path> units, List<Path> shared) {
        static final Found NONE = new Found(List.of(), List.of());

        Found {
            units = List.copyOf(units);
            shared = List.copyOf(shared);
        }
    }

    /** One GPU, lent until it is closed. */
    record Lease(Path unit, AutoCloseable lock) implements AutoCloseable {
        @Override
        public void close() throws Exception {
            lock.close();
        }
    }

    /** NVIDIA's nodes where there are any, and otherwise the render nodes of the kernel's own drivers. */
    static Found find() {
        var nvidia = nodes(DEVICES, "nvidia[0-9]*");
        if (!nvidia.isEmpty()) {
            return new Found(
                    nvidia,
                    List.of("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset").stream()
                            .map(DEVICES::resolve)
                            .filter(Files::exists)
                            .toList());
        }
        var kfd = DEVICES.resolve("kfd");
        return new Found(nodes(DEVICES.resolve("dri"), "renderD*"), Files.exists(kfd) ? List.of(kfd) : List.of());
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
            synchronized (lent) {
                // Looked at first: closing a second channel to a locked file would end the lock of the first.
                if (!lent.add(unit)) {
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
                "resources.gpu_access",
                "every GPU of this host is in use (" + units + "); try again when a job has ended");
    }

    private void giveBack(Path unit, @org.jspecify.annotations.Nullable FileChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            // Closed all the same, and the lock with it.
        }
        synchronized (lent) {
            lent.remove(unit);
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
