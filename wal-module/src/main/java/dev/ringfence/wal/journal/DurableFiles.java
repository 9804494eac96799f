package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/** Small whole files that are there with all their bytes or not at all, whatever happens meanwhile. */
record DurableFiles(Storage storage) {
    static final String UNFINISHED = ".tmp";

    private static final int CHUNK = 1 << 20;

    /** Gives a file its bytes. */
    @FunctionalInterface
    interface Content {
        void writeTo(Storage.StorageFile file) throws IOException;
    }

    /** When it returns, the file is durable under its name. */
    void write(Path target, ByteBuffer content) throws IOException {
        write(target, file -> file.write(content, 0));
    }

    /** Otherwise like {@link #write(Path, ByteBuffer)}. */
    void write(Path target, Content content) throws IOException {
        var unfinished = target.resolveSibling(target.getFileName() + UNFINISHED);
        try {
            deleteIfThere(unfinished);
            try (var file = storage.create(unfinished)) {
                content.writeTo(file);
                file.sync();
            }
            publish(unfinished, target);
        } catch (IOException e) {
            deleteAfter(e, unfinished);
            throw e;
        }
    }

    /** When it returns, the copy is durable. */
    void copy(Path from, Path to) throws IOException {
        try (var source = storage.openToRead(from)) {
            write(to, file -> {
                var chunk = ByteBuffer.allocate((int) Math.min(CHUNK, source.size()));
                for (long at = 0; at < source.size(); at += chunk.limit()) {
                    chunk.clear().limit((int) Math.min(chunk.capacity(), source.size() - at));
                    source.read(chunk, at);
                    file.write(chunk.flip(), at);
                }
            });
        }
    }

    /** Gives a file that is durable its name, durably. */
    void publish(Path unfinished, Path target) throws IOException {
        try (var entries = storage.openDirectory(parentOf(target))) {
            storage.rename(unfinished, target);
            entries.sync();
        }
    }

    void syncDirectory(Path directory) throws IOException {
        try (var entries = storage.openDirectory(directory)) {
            entries.sync();
        }
    }

    /** Makes a directory whose parent is there, durably. */
    void makeDirectory(Path directory) throws IOException {
        if (!storage.exists(directory)) {
            storage.makeDirectory(directory);
            syncDirectory(parentOf(directory));
        }
    }

    /** The names of the files in a directory; none if there is no such directory. */
    List<String> list(Path directory) throws IOException {
        try {
            return storage.list(directory);
        } catch (NoSuchFileException _) {
            return List.of();
        }
    }

    ByteBuffer read(Path path) throws IOException {
        try (var file = storage.openToRead(path)) {
            return read(file, 0, Math.toIntExact(file.size()));
        }
    }

    /** Exactly so many bytes. */
    static ByteBuffer read(Storage.StorageFile file, long position, int length) throws IOException {
        var bytes = ByteBuffer.allocate(length);
        file.read(bytes, position);
        if (bytes.hasRemaining()) {
            throw new IOException("the file ends too early");
        }
        return bytes.flip();
    }

    void deleteIfThere(Path file) throws IOException {
        try {
            storage.delete(file);
        } catch (NoSuchFileException _) {
            // As wanted.
        }
    }

    void deleteUnfinished(Path directory) throws IOException {
        for (var name : list(directory)) {
            if (name.endsWith(UNFINISHED)) {
                deleteIfThere(directory.resolve(name));
            }
        }
    }

    void deleteAfter(IOException cause, Path file) {
        try {
            deleteIfThere(file);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    private static Path parentOf(Path path) {
        return Objects.requireNonNull(path.toAbsolutePath().getParent(), "what is written lies in a directory");
    }
}
