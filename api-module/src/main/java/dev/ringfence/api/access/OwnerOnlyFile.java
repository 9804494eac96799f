package dev.ringfence.api.access;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Small files that nobody but their owner may read or write. */
public final class OwnerOnlyFile {
    private OwnerOnlyFile() {}

    /**
     * Replaces the file as a whole: a reader sees what was there before or what comes after. When this returns, the change
     * survives a loss of power. One writer at a time.
     *
     * @throws IOException when it stays as it was, or what became of it is not known; the message names the file
     */
    public static void replace(Path file, byte[] content) throws IOException {
        var beside = file.resolveSibling(file.getFileName() + ".tmp");
        Files.deleteIfExists(beside);
        try {
            write(beside, content);
            move(beside, file);
        } catch (IOException | RuntimeException e) {
            // Neither its secrets nor, on a full disk, the room that it takes are left behind.
            try {
                Files.deleteIfExists(beside);
            } catch (IOException left) {
                e.addSuppressed(left);
            }
            throw e;
        }
        try (var directory = FileChannel.open(parent(file), StandardOpenOption.READ)) {
            directory.force(true);
        }
    }

    private static void write(Path beside, byte[] content) throws IOException {
        try (var channel = FileChannel.open(
                beside,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            var bytes = ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
    }

    private static void move(Path beside, Path file) throws IOException {
        try {
            Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            throw new IOException(file + " lies on a file system that cannot replace a file at once", e);
        }
    }

    /** The directory that it lies in. */
    static Path parent(Path file) {
        var parent = file.toAbsolutePath().getParent();
        return parent == null ? file.toAbsolutePath() : parent;
    }
}
