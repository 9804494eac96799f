package dev.ringfence.runner.files;

import dev.ringfence.runner.process.HeldDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Set;

/**
 * A file that is written beside its place and put there at once, when it is whole and on the disk. Until then nobody
 * sees it under its name; closed before, it is gone. Used by one thread.
 */
final class NewFile implements AutoCloseable {
    private final HeldDirectory directory;
    private final String temporary;
    private final FileChannel channel;
    private final MessageDigest digest = Hashes.sha256();
    private long size;
    private boolean placed;

    private NewFile(HeldDirectory directory, String temporary, FileChannel channel) {
        this.directory = directory;
        this.temporary = temporary;
        this.channel = channel;
    }

    /** What the file is called until it is put in its place. */
    static String temporaryName(String jobId) {
        return ".ringfence-" + jobId + ".tmp";
    }

    /**
     * @param owner whose file it is to be, where this process may say so
     */
    static NewFile in(HeldDirectory directory, String temporary, Owner owner, int permissions) throws IOException {
        var path = directory.path().resolve(temporary);
        var channel = FileChannel.open(
                path,
                Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW, LinkOption.NOFOLLOW_LINKS),
                Owner.ONLY);
        var file = new NewFile(directory, temporary, channel);
        try {
            owner.give(path);
            Files.setAttribute(path, "unix:mode", permissions);
            return file;
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    void write(ByteBuffer bytes) throws IOException {
        size += bytes.remaining();
        digest.update(bytes.duplicate());
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    long size() {
        return size;
    }

    /** Of all that was written; to be asked once. */
    String sha256() {
        return Hashes.hex(digest);
    }

    /** When it returns, the content survives a loss of power; its name does so once the directory is synced. */
    void sync() throws IOException {
        channel.force(true);
    }

    /**
     * Puts it in its place.
     *
     * @param replace whether something may be there already
     */
    void place(String name, boolean replace) throws IOException {
        directory.rename(temporary, name, replace);
        placed = true;
    }

    @Override
    public void close() throws IOException {
        try (channel) {
            if (!placed) {
                directory.removeFile(temporary);
            }
        } catch (NoSuchFileException e) {
            // Somebody who may write there removed it: that is what we wanted.
            return;
        }
    }
}
