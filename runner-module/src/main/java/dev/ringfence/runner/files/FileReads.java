package dev.ringfence.runner.files;

import dev.ringfence.runner.process.HeldDirectory;
import dev.ringfence.runner.process.PinnedFile;
import io.smallrye.mutiny.Multi;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * Reads files below a root: regular files only, reached without following a link. A FIFO or a device is never opened. All
 * methods block.
 */
public final class FileReads {
    private static final Logger LOG = Logger.getLogger(FileReads.class);

    private FileReads() {}

    /**
     * Reads a part of a file.
     *
     * @param offset where the part begins; behind the end, it is empty
     * @param most its length at most
     * @throws Refused when it cannot be read
     */
    public static FileContent read(FileRoot root, FilePath path, long offset, int most, Checkpoint checkpoint) {
        try (var directory = HeldDirectory.withoutLinks(root.path());
                var file = directory.file(path.toString())) {
            var inode = regular(file, root, path);
            byte[] bytes = part(file.path(), offset, most, checkpoint);
            boolean truncated = offset + bytes.length < inode.size();
            return new FileContent(
                    bytes,
                    offset,
                    inode.size(),
                    inode.modified().toInstant(),
                    hash(file, inode, checkpoint),
                    truncated);
        } catch (IOException e) {
            throw Failures.of(e, root, path);
        }
    }

    /**
     * Looks whether a file could be read, and says its size.
     *
     * @throws Refused when it could not
     */
    public static long size(FileRoot root, FilePath path) {
        try (var directory = HeldDirectory.withoutLinks(root.path());
                var file = directory.file(path.toString())) {
            return regular(file, root, path).size();
        } catch (IOException e) {
            throw Failures.of(e, root, path);
        }
    }

    /**
     * All of a file, in pieces that are read as they are asked for; its reading blocks. The stream fails with
     * {@link Refused} when the file cannot be read. A subscription is for one file: what is put in its place
     * meanwhile is not read.
     */
    public static Multi<byte[]> pieces(FileRoot root, FilePath path) {
        return Multi.createFrom()
                .resource(() -> open(root, path), channel -> pieces(channel, root, path))
                .withFinalizer(FileReads::close);
    }

    private static FileChannel open(FileRoot root, FilePath path) {
        try (var directory = HeldDirectory.withoutLinks(root.path());
                var file = directory.file(path.toString())) {
            var _ = regular(file, root, path);
            return FileChannel.open(file.path(), StandardOpenOption.READ);
        } catch (IOException e) {
            throw Failures.of(e, root, path);
        }
    }

    private static Multi<byte[]> pieces(FileChannel file, FileRoot root, FilePath path) {
        return Multi.createFrom().generator(() -> file, (channel, emitter) -> {
            var buffer = ByteBuffer.allocate(Hashes.PIECE);
            try {
                int count = channel.read(buffer);
                if (count < 0) {
                    emitter.complete();
                } else {
                    emitter.emit(Arrays.copyOf(buffer.array(), count));
                }
            } catch (IOException e) {
                emitter.fail(Failures.of(e, root, path));
            }
            return channel;
        });
    }

    private static void close(FileChannel file) {
        try {
            file.close();
        } catch (IOException e) {
            LOG.debugf("a file that was read could not be closed: %s", e.getMessage());
        }
    }

    private static Inode regular(PinnedFile file, FileRoot root, FilePath path) throws IOException {
        var inode = Inode.of(file.path());
        if (!inode.regular()) {
            throw new Refused(
                    "not-a-file",
                    "\"" + path + "\" in the root \"" + root.name() + "\" is " + inode.kind()
                            + "; only files can be read");
        }
        return inode;
    }

    private static byte[] part(Path file, long offset, int most, Checkpoint checkpoint) throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long rest = Math.max(0, channel.size() - offset);
            byte[] bytes = new byte[(int) Math.min(rest, most)];
            int length = 0;
            while (length < bytes.length) {
                checkpoint.pass();
                var piece = ByteBuffer.wrap(bytes, length, Math.min(Hashes.PIECE, bytes.length - length));
                int count = channel.read(piece, offset + length);
                if (count < 0) {
                    return Arrays.copyOf(bytes, length);
                }
                length += count;
            }
            return bytes;
        }
    }

    private static Optional<String> hash(PinnedFile file, Inode inode, Checkpoint checkpoint) throws IOException {
        return inode.size() > FileWrites.LARGEST ? Optional.empty() : Optional.of(Hashes.of(file.path(), checkpoint));
    }
}
