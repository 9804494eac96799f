package dev.ringfence.wal.log;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The file of the next segment, made by another thread while the present segment still has room, so that nobody's record
 * waits until a whole segment is filled with zeros. Used by the writer alone.
 */
final class Reserve {
    private final SegmentDirectory directory;
    private final long size;
    private final Executor worker;
    private final Consumer<IOException> failed;
    private @Nullable CompletableFuture<Storage.StorageFile> next;
    /** Why there was no room the last time. */
    private LogException.@Nullable NoSpace lack;

    /** @param failed told on the worker's thread when making a file failed for another reason than a lack of room */
    Reserve(SegmentDirectory directory, long size, Executor worker, Consumer<IOException> failed) {
        this.directory = directory;
        this.size = size;
        this.worker = worker;
        this.failed = failed;
    }

    /** Begins to make the file, unless that was begun. */
    void prepare() {
        if (next == null) {
            var making = new CompletableFuture<Storage.StorageFile>();
            next = making;
            worker.execute(() -> make(making));
        }
    }

    private void make(CompletableFuture<Storage.StorageFile> making) {
        try {
            making.complete(directory.reserve(size));
        } catch (IOException e) {
            failed.accept(e);
            making.completeExceptionally(e);
        } catch (RuntimeException | Error e) {
            making.completeExceptionally(e);
        }
    }

    /** Whether the file is there; begins to make it if not, also where that found no room before. */
    boolean isMade() {
        if (next != null && next.isCompletedExceptionally()) {
            next = null;
        }
        if (next == null && directory.hasRoom(size)) {
            prepare();
        }
        return next != null && next.isDone() && !next.isCompletedExceptionally();
    }

    /**
     * Gives the file away; makes it now if it is not there yet. Where it found no room before, that is tried again only
     * when the disk says that there is some: trying fills what is left.
     *
     * @throws LogException.NoSpace if there is no room; nothing was made
     * @throws IOException if making it failed otherwise
     */
    Storage.StorageFile take() throws IOException {
        var prepared = next;
        next = null;
        try {
            var file = prepared == null ? makeNow() : await(prepared);
            lack = null;
            return file;
        } catch (LogException.NoSpace e) {
            lack = e;
            throw e;
        }
    }

    private Storage.StorageFile await(CompletableFuture<Storage.StorageFile> prepared) throws IOException {
        try {
            return prepared.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof LogException.NoSpace before) {
                // Some may have been made since.
                lack = before;
                return makeNow();
            }
            throw new IOException("the next segment could not be made", e.getCause());
        }
    }

    private Storage.StorageFile makeNow() throws IOException {
        var before = lack;
        if (before != null && !directory.hasRoom(size)) {
            throw before;
        }
        return directory.reserve(size);
    }

    /** Removes a file that was not used. */
    void close() throws IOException {
        var unused = next;
        next = null;
        if (unused != null) {
            Storage.StorageFile file;
            try {
                file = unused.join();
            } catch (CompletionException _) {
                // Nothing was made, and whoever had to know has been told.
                return;
            }
            directory.dropReserve(file);
        }
    }
}
