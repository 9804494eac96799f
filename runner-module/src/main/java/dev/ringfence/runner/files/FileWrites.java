package dev.ringfence.runner.files;

import dev.ringfence.runner.process.HeldDirectory;
import dev.ringfence.runner.process.PinnedFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Changes files below a root, and takes changes back. A change is whole or has not happened, also after a crash: the
 * new file is written beside the old one and takes its place at once. What was there is kept before. Thread-safe; all
 * methods block.
 */
public final class FileWrites {
    private static final Logger LOG = Logger.getLogger(FileWrites.class);

    /** The largest file that is written, and the largest that is changed. */
    static final long LARGEST = 100L << 20;

    /** What must stay free on the disk. */
    private static final long FREE = 10L << 20;

    private static final int NEW_FILE = 0644;

    private final Backups backups;
    private final CriticalFiles critical;
    private final PathLocks locks = new PathLocks();

    public FileWrites(Backups backups, CriticalFiles critical) {
        this.backups = backups;
        this.critical = critical;
    }

    /** Who changes a file, for the record. */
    public record Author(String jobId, String agent, Optional<String> session) {}

    /**
     * Makes a change. When this returns, it survives a loss of power and can be undone. Changes of one path are made one
     * after the other.
     *
     * @throws Refused when it is not allowed or fails; then nothing was changed, unless the message says that the
     *     change is done and may not survive a loss of power, or that others put something else there at that moment
     */
    public Written write(Author author, Change change, Checkpoint checkpoint) {
        allow(change);
        var made = new ArrayList<String>();
        // Directories that were made for a file that was not are taken back.
        boolean done = false;
        try (var _ = locks.lock(change.root(), change.path(), checkpoint);
                var directory = change.parents()
                        ? Parents.make(change.root(), change.path(), made)
                        : Parents.find(change.root(), change.path())) {
            var written = write(author, change, directory, made, checkpoint);
            done = true;
            return written;
        } catch (IOException e) {
            throw Failures.of(e, change.root(), change.path());
        } finally {
            if (!done) {
                takeBack(change, made);
            }
        }
    }

    /**
     * Looks what a change would do, and does nothing.
     *
     * @throws Refused when it would be refused
     */
    public Written rehearse(Change change, Checkpoint checkpoint) {
        allow(change);
        try {
            var missing = Parents.missing(change.root(), change.path());
            if (!missing.isEmpty()) {
                if (!change.parents()) {
                    throw new NoSuchFileException(change.path().toString());
                }
                return plan(change, null, missing, checkpoint);
            }
            try (var directory = Parents.find(change.root(), change.path());
                    var existing = existing(directory, change)) {
                return plan(change, existing, missing, checkpoint);
            }
        } catch (IOException e) {
            throw Failures.of(e, change.root(), change.path());
        }
    }

    private Written plan(Change change, @Nullable PinnedFile existing, List<String> missing, Checkpoint checkpoint)
            throws IOException {
        long present = existing == null ? 0 : Inode.of(existing.path()).size();
        requireRoom(change, present);
        var digest = Hashes.sha256();
        Optional<String> before = Optional.empty();
        long size = change.content().length;
        if (existing != null) {
            Hashes.each(existing.path(), checkpoint, digest::update);
            before = Optional.of(Hashes.hex(Hashes.copy(digest)));
            if (change.mode() == Change.Mode.APPEND) {
                size += present;
            } else {
                digest.reset();
            }
        }
        digest.update(change.content());
        return new Written(size, Hashes.hex(digest), existing == null, before, missing);
    }

    private Written write(
            Author author, Change change, HeldDirectory directory, List<String> made, Checkpoint checkpoint)
            throws IOException {
        boolean placed = false;
        try (var existing = existing(directory, change)) {
            var inode = existing == null ? null : Inode.of(existing.path());
            requireRoom(change, inode == null ? 0 : inode.size());
            Optional<String> before = Optional.empty();
            var after = Hashes.sha256();
            boolean append = existing != null && change.mode() == Change.Mode.APPEND;
            if (existing != null) {
                var copy = backups.keep(author.jobId(), existing.path(), checkpoint);
                before = Optional.of(copy.sha256());
                after = append ? copy.sofar() : after;
            }
            after.update(change.content());
            backups.record(new UndoRecord(
                    author.jobId(),
                    author.agent(),
                    author.session(),
                    change.root().name(),
                    change.path().names(),
                    before,
                    Hashes.hex(after),
                    made));
            var owner = Owner.of(inode == null ? Inode.of(directory.path()) : inode);
            int permissions = inode == null ? NEW_FILE : inode.permissions();
            try (var fresh = NewFile.in(directory, NewFile.temporaryName(author.jobId()))) {
                if (append) {
                    Hashes.each(backups.before(author.jobId()), checkpoint, fresh::write);
                }
                fill(fresh, change.content(), checkpoint);
                fresh.finish(owner, permissions);
                if (inode != null) {
                    // As late as can be: programs of jobs and of the host change files too.
                    unchanged(directory, change, inode);
                }
                fresh.place(change.path().name(), inode != null);
                placed = true;
                fresh.requirePlaced(change.path().name());
                settle(directory, change.root(), change.path(), "changed");
                return new Written(fresh.size(), fresh.sha256(), inode == null, before, List.copyOf(made));
            }
        } finally {
            if (!placed) {
                backups.drop(author.jobId());
            }
        }
    }

    /** Why nothing was written is what the caller has to hear, not this. */
    private static void takeBack(Change change, List<String> made) {
        try {
            Parents.remove(change.root(), made);
        } catch (IOException | RuntimeException e) {
            LOG.warnf(
                    e,
                    "the directories %s, made below %s for a file that was not written, stay",
                    made,
                    change.root().path());
        }
    }

    /** Makes a change that is done survive a loss of power. */
    private static void settle(HeldDirectory directory, FileRoot root, FilePath path, String done) {
        try {
            directory.sync();
        } catch (IOException e) {
            throw new Refused(
                    "file-failed",
                    "\"" + path + "\" in the root \"" + root.name() + "\" was " + done
                            + ", and that may not survive a loss of power: its directory could not be synced",
                    e);
        }
    }

    private static void fill(NewFile file, byte[] content, Checkpoint checkpoint) throws IOException {
        for (int at = 0; at < content.length; at += Hashes.PIECE) {
            checkpoint.pass();
            file.write(ByteBuffer.wrap(content, at, Math.min(Hashes.PIECE, content.length - at)));
        }
    }

    private void allow(Change change) {
        var root = change.root();
        if (!root.writable()) {
            throw new Refused("read-only", "the root \"" + root.name() + "\" can only be read");
        }
        critical.broken(change.path()).ifPresent(rule -> {
            throw new Refused(
                    "critical-file",
                    "\"" + change.path() + "\" is not written: the rule \"" + rule
                            + "\" of ringfence.files.critical protects it");
        });
        size(change.content().length, change);
    }

    /** The new file is written before the old one goes, and what was there is kept besides. */
    private void requireRoom(Change change, long existing) throws IOException {
        long fresh = change.content().length + (change.mode() == Change.Mode.APPEND ? existing : 0);
        var disk = Files.getFileStore(change.root().path());
        if (disk.equals(backups.disk())) {
            requireRoom(disk, fresh + existing, "the root \"" + change.root().name() + "\" and the backups");
        } else {
            requireRoom(disk, fresh, "the root \"" + change.root().name() + "\"");
            requireRoom(backups.disk(), existing, "the backups");
        }
    }

    private static void requireRoom(FileStore disk, long bytes, String of) throws IOException {
        long free = disk.getUsableSpace();
        if (free - bytes < FREE) {
            throw new Refused(
                    "no-space",
                    "the disk of " + of + " has " + free + " bytes free; the change writes " + bytes + ", and " + FREE
                            + " must stay free");
        }
    }

    private static void size(long size, Change change) {
        if (size > LARGEST) {
            throw new Refused(
                    "file-too-large",
                    "\"" + change.path() + "\" has, or would have, " + size + " bytes; the limit is " + LARGEST);
        }
    }

    /** What the change is to be made to; null when there is nothing there. */
    private static @Nullable PinnedFile existing(HeldDirectory directory, Change change) throws IOException {
        PinnedFile file;
        try {
            file = directory.file(change.path().name());
        } catch (NoSuchFileException e) {
            return null;
        }
        try {
            var inode = Inode.of(file.path());
            String place =
                    "\"" + change.path() + "\" in the root \"" + change.root().name() + "\"";
            if (!inode.regular()) {
                throw new Refused("not-a-file", place + " is " + inode.kind() + "; only files can be written");
            }
            if (change.mode() == Change.Mode.CREATE) {
                throw new Refused("file-exists", place + " exists already, and the mode is \"create\"");
            }
            if (inode.links() > 1) {
                throw new Refused(
                        "hard-link", place + " has " + inode.links() + " names (hard links); it is not written");
            }
            size(inode.size() + (change.mode() == Change.Mode.APPEND ? change.content().length : 0), change);
            return file;
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static void unchanged(HeldDirectory directory, Change change, Inode inode) throws IOException {
        try (var now = directory.file(change.path().name())) {
            if (!Inode.of(now.path()).equals(inode)) {
                throw new Refused(
                        "changed-meanwhile", "\"" + change.path() + "\" was changed by others while it was written");
            }
        }
    }

    /**
     * Takes back what a job did to a file: puts there what was there before, or removes it.
     *
     * @return the hash of what is there now; empty when nothing is
     * @throws Refused when something else is there than the job wrote, or it fails; as for {@link #write}
     */
    public Optional<String> undo(FileRoot root, UndoRecord record, Checkpoint checkpoint) {
        var path = record.file();
        try (var _ = locks.lock(root, path, checkpoint);
                var directory = Parents.find(root, path);
                var file = directory.file(path.name())) {
            var inode = present(root, record, file, checkpoint);
            var change = new Change(root, path, new byte[0], Change.Mode.OVERWRITE, false);
            if (record.before().isPresent()) {
                restore(directory, record, inode, change, checkpoint);
            } else {
                unchanged(directory, change, inode);
                directory.removeFile(path.name());
                settle(directory, root, path, "put back as it was");
                Parents.remove(root, record.made());
            }
            backups.undone(record.jobId());
            return record.before();
        } catch (NoSuchFileException e) {
            throw new Refused(
                    "changed-since",
                    "\"" + path + "\" is gone; job " + record.jobId() + " wrote " + record.after()
                            + " there, so it is not undone",
                    e);
        } catch (IOException e) {
            throw Failures.of(e, root, path);
        }
    }

    /**
     * Looks whether a job could be undone, and does nothing.
     *
     * @throws Refused when it could not
     */
    public void rehearseUndo(FileRoot root, UndoRecord record, Checkpoint checkpoint) {
        try (var directory = Parents.find(root, record.file());
                var file = directory.file(record.file().name())) {
            var _ = present(root, record, file, checkpoint);
        } catch (IOException e) {
            throw Failures.of(e, root, record.file());
        }
    }

    /** What a kill left of files that were being written; before any job runs. */
    public void sweep(Function<UndoRecord, Optional<FileRoot>> roots) {
        for (var record : backups.records()) {
            roots.apply(record).ifPresent(root -> {
                try (var directory = Parents.find(root, record.file())) {
                    directory.removeFile(NewFile.temporaryName(record.jobId()));
                } catch (IOException e) {
                    return; // the usual case: there is nothing left
                }
            });
        }
    }

    private static Inode present(FileRoot root, UndoRecord record, PinnedFile file, Checkpoint checkpoint)
            throws IOException {
        if (!root.writable()) {
            throw new Refused("read-only", "the root \"" + root.name() + "\" can only be read");
        }
        var inode = Inode.of(file.path());
        if (!inode.regular() || inode.links() > 1) {
            throw new Refused(
                    "changed-since",
                    "\"" + record.file() + "\" is now " + inode.kind() + " with " + inode.links()
                            + " names; it is not undone");
        }
        var hash = Hashes.of(file.path(), checkpoint);
        if (!hash.equals(record.after())) {
            throw new Refused(
                    "changed-since",
                    "\"" + record.file() + "\" was changed since: it has SHA-256 " + hash + ", and job "
                            + record.jobId() + " wrote " + record.after() + "; it is not undone");
        }
        return inode;
    }

    private void restore(HeldDirectory directory, UndoRecord record, Inode inode, Change change, Checkpoint checkpoint)
            throws IOException {
        var backup = backups.before(record.jobId());
        if (!Files.exists(backup)
                || !Hashes.of(backup, checkpoint).equals(record.before().orElse(""))) {
            throw new Refused(
                    "backup-damaged",
                    "the backup of job " + record.jobId() + " is gone or was changed; nothing is undone");
        }
        var temporary = NewFile.temporaryName(record.jobId());
        try (var fresh = NewFile.in(directory, temporary)) {
            Hashes.each(backup, checkpoint, fresh::write);
            fresh.finish(Owner.of(inode), inode.permissions());
            unchanged(directory, change, inode);
            fresh.place(record.file().name(), true);
            fresh.requirePlaced(record.file().name());
            settle(directory, change.root(), change.path(), "put back as it was");
        }
    }

    /** What a job changed; see {@link Backups#find}. */
    public Optional<UndoRecord> find(String jobId) {
        return backups.find(jobId);
    }

    /** What a job had changed, when it was taken back. */
    public Optional<UndoRecord> findUndone(String jobId) {
        return backups.findUndone(jobId);
    }
}
