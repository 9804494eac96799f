package dev.ringfence.runner.files;

import dev.ringfence.runner.process.HeldDirectory;
import dev.ringfence.runner.process.PinnedFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;

/**
 * A file that is written beside its place and put there at once, when it is whole and on the disk. Until then nobody
 * sees it under its name; closed before, it is gone. Used by one thread.
 */
final class NewFile implements AutoCloseable {
    private final HeldDirectory directory;
    private final String temporary;
    private final PinnedFile file;
    private final FileChannel channel;
    private final MessageDigest digest = Hashes.sha256();
    private long size;
    private boolean placed;

    private NewFile(HeldDirectory directory, String temporary, PinnedFile file, FileChannel channel) {
        this.directory = directory;
        this.temporary = temporary;
        this.file = file;
        this.channel = channel;
    }

    /** What the file is called until it is put in its place. */
    static String temporaryName(String jobId) {
        return ".ringfence-" + jobId + ".tmp";
    }

    /** It is the service's alone until {@link #finish}. */
    static NewFile in(HeldDirectory directory, String temporary) throws IOException {
        var file = directory.createFile(temporary);
        try {
            return new NewFile(directory, temporary, file, FileChannel.open(file.path(), StandardOpenOption.WRITE));
        } catch (IOException | RuntimeException e) {
            try (file) {
                directory.removeFile(temporary);
            } catch (IOException stays) {
                e.addSuppressed(stays);
            }
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

    /**
     * When it returns, the content survives a loss of power; its name does so once the directory is synced.
     *
     * @param owner whose file it is to be, where this process may say so
     */
    void finish(Owner owner, int permissions) throws IOException {
        // To what is held: whoever may write to the directory can have put a link, or another file, in the name's
        // place.
        owner.give(file);
        file.changeMode(permissions);
        channel.force(true);
    }

    /**
     * Puts it in its place.
     *
     * @param replace whether something may be there already
     * @throws Refused when others have put something in the place of what was written; nothing is changed then
     */
    void place(String name, boolean replace) throws IOException {
        if (!directory.names(temporary, file) || Inode.of(file.path()).links() != 1) {
            throw new Refused(
                    "changed-meanwhile",
                    "what was written for \"" + name
                            + "\" was replaced or linked by others before it was in its place");
        }
        directory.rename(temporary, name, replace);
        placed = true;
    }

    /**
     * Looks whether what was put in its place is what was written. Between the last look and the step itself, whoever may
     * write to the directory can have been faster.
     *
     * @throws Refused when something else is there
     */
    void requirePlaced(String name) throws IOException {
        if (!directory.names(name, file)) {
            throw new Refused(
                    "changed-meanwhile",
                    "\"" + name
                            + "\" was replaced by others at the moment it was changed: what is there now is not what"
                            + " was written");
        }
    }

    @Override
    public void close() throws IOException {
        try (file;
                channel) {
            if (!placed) {
                directory.removeFile(temporary);
            }
        } catch (NoSuchFileException e) {
            // Somebody who may write there removed it: that is what we wanted.
            return;
        }
    }
}
