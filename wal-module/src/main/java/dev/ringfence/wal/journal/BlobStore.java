package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.Storage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * Bytes that are too many for an event, each in a file that is named by their hash, so the same bytes are there once.
 * Thread-safe; all methods but {@link #release} block.
 *
 * <p>Nothing removes a blob that a kept event names. Whoever has finished a blob holds it until {@link #release}: only
 * when its event is durable, or will never be written, may a sweep look at it.
 */
public final class BlobStore {
    private static final Pattern NAME = Pattern.compile("[0-9a-f]{64}");
    private static final int CHUNK = 64 * 1024;

    private final Path directory;
    private final DurableFiles files;
    private final Map<String, Integer> held = new HashMap<>();
    /** What was held at any time since the sweep under way began. */
    private final Set<String> spared = new HashSet<>();

    BlobStore(JournalFiles files) {
        this.directory = files.blobs();
        this.files = files.files();
    }

    /** Begins a blob. Nothing is written before the first bytes. */
    public Writer write(String name) {
        return new Writer(name);
    }

    /** A blob being written. Not for several threads at a time. */
    public final class Writer implements AutoCloseable {
        private final String name;
        private final MessageDigest digest = Hashes.sha256();
        private Path unfinished = directory.resolve(UUID.randomUUID() + DurableFiles.UNFINISHED);
        private Storage.StorageFile file;
        private long length;
        private boolean finished;

        @SuppressWarnings("NullAway.Init") // opened with the first bytes
        private Writer(String name) {
            this.name = name;
        }

        /** Takes the next bytes; they need not be durable when it returns. */
        public void write(byte[] bytes, int offset, int count) throws IOException {
            if (file == null) {
                files.makeDirectory(directory);
                file = files.storage().create(unfinished);
            }
            file.write(ByteBuffer.wrap(bytes, offset, count), length);
            digest.update(bytes, offset, count);
            length += count;
        }

        /** When it returns, the blob is durable, and held until it is released. */
        public BlobRef finish() throws IOException {
            if (file == null) {
                write(new byte[0], 0, 0);
            }
            file.sync();
            file.close();
            var blob = new BlobRef(name, HexFormat.of().formatHex(digest.digest()), length);
            synchronized (BlobStore.this) {
                // Also over the same bytes that are there: they may have been damaged since, or their name not be
                // durable.
                files.publish(unfinished, directory.resolve(blob.sha256()));
                held.merge(blob.sha256(), 1, Integer::sum);
                spared.add(blob.sha256());
            }
            finished = true;
            return blob;
        }

        /** Gives up what was not finished. */
        @Override
        public void close() {
            if (finished || file == null) {
                return;
            }
            try {
                file.close();
                files.deleteIfThere(unfinished);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** The event that names the blob is durable, or will never be written. */
    public synchronized void release(BlobRef blob) {
        held.computeIfPresent(blob.sha256(), (_, count) -> count == 1 ? null : count - 1);
    }

    /**
     * The file of a blob, once its bytes were found to be what they were.
     *
     * @throws JournalException.BlobDamaged if they are not there or not what they were
     * @throws JournalException.BlobUnreadable if that cannot be told now
     */
    public Path file(BlobRef blob) {
        var path = directory.resolve(blob.sha256());
        try (var file = files.storage().openToRead(path)) {
            require(blob, file);
            return path;
        } catch (NoSuchFileException e) {
            throw new JournalException.BlobDamaged(blob, "is gone: " + directory, e);
        } catch (IOException e) {
            throw new JournalException.BlobUnreadable(blob, e);
        }
    }

    private static void require(BlobRef blob, Storage.StorageFile file) throws IOException {
        if (file.size() != blob.length()) {
            throw new JournalException.BlobDamaged(
                    blob, "has " + file.size() + " bytes, and had " + blob.length(), null);
        }
        var digest = Hashes.sha256();
        var chunk = ByteBuffer.allocate(CHUNK);
        for (long at = 0; at < blob.length(); at += chunk.limit()) {
            chunk.clear().limit((int) Math.min(CHUNK, blob.length() - at));
            file.read(chunk, at);
            if (chunk.hasRemaining()) {
                // It became shorter while it was read.
                throw new JournalException.BlobDamaged(blob, "ends at byte " + (at + chunk.position()), null);
            }
            digest.update(chunk.flip());
        }
        if (!HexFormat.of().formatHex(digest.digest()).equals(blob.sha256())) {
            throw new JournalException.BlobDamaged(blob, "has other bytes than it had", null);
        }
    }

    /**
     * How many blobs there are, and how many bytes they have.
     *
     * @throws JournalException.Unreadable if that cannot be told
     */
    Total total() {
        long count = 0;
        long bytes = 0;
        try {
            for (var name : names()) {
                var size = sizeOf(directory.resolve(name));
                count += size < 0 ? 0 : 1;
                bytes += Math.max(0, size);
            }
        } catch (IOException | UncheckedIOException e) {
            throw new JournalException.Unreadable(directory, e);
        }
        return new Total(count, bytes);
    }

    /**
     * Some blobs together.
     *
     * @param count how many
     */
    public record Total(long count, long bytes) {}

    /**
     * Removes the blobs that nothing names, as they are left by a crash or when the events that named them are given up.
     *
     * @param named collects the hashes of all that is named; called once
     */
    Total sweep(Supplier<Set<String>> named) throws IOException {
        synchronized (this) {
            spared.clear();
            spared.addAll(held.keySet());
        }
        var keep = named.get();
        long count = 0;
        long bytes = 0;
        for (var name : names()) {
            synchronized (this) {
                if (!keep.contains(name) && !spared.contains(name)) {
                    var file = directory.resolve(name);
                    bytes += Math.max(0, sizeOf(file));
                    count++;
                    files.deleteIfThere(file);
                }
            }
        }
        return new Total(count, bytes);
    }

    /** Removes what was being written when an earlier process ended. Only before anything is written. */
    void removeUnfinished() throws IOException {
        files.deleteUnfinished(directory);
    }

    /** Of all that are there. */
    List<String> names() throws IOException {
        return files.list(directory).stream()
                .filter(name -> NAME.matcher(name).matches())
                .toList();
    }

    /** -1 if it is not there. */
    private long sizeOf(Path file) throws IOException {
        try {
            return files.storage().size(file);
        } catch (NoSuchFileException _) {
            return -1;
        }
    }
}
