package dev.ringfence.wal.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;

/** Small whole files that are there with all their bytes or not at all, whatever happens meanwhile. */
final class DurableFile {
    static final String UNFINISHED = ".tmp";

    private DurableFile() {}

    /** When it returns, the file is durable under its name. */
    static void write(Path target, ByteBuffer... parts) throws IOException {
        var unfinished = target.resolveSibling(target.getFileName() + UNFINISHED);
        try {
            try (var channel = FileChannel.open(
                    unfinished,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                for (var part : parts) {
                    while (part.hasRemaining()) {
                        var _ = channel.write(part);
                    }
                }
                channel.force(true);
            }
            publish(unfinished, target);
        } catch (IOException e) {
            deleteAfter(e, unfinished);
            throw e;
        }
    }

    /** Gives a file that is durable its name, durably. */
    static void publish(Path unfinished, Path target) throws IOException {
        Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE);
        syncDirectory(parentOf(target));
    }

    static void syncDirectory(Path directory) throws IOException {
        try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** Makes a directory whose parent is there, durably. */
    static void makeDirectory(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            Files.createDirectory(directory);
            syncDirectory(parentOf(directory));
        }
    }

    private static Path parentOf(Path path) {
        return Objects.requireNonNull(path.toAbsolutePath().getParent(), "what is written lies in a directory");
    }

    static void deleteAfter(IOException cause, Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }
}
