package dev.ringfence.runner.files;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets one change at a time of what is at a path, so that none is made to what another one is replacing. Paths share
 * locks by chance, and nobody holds two. Thread-safe.
 */
final class PathLocks {
    private static final int LOCKS = 256;
    private static final long LOOK_MILLIS = 50;

    private final ReentrantLock[] locks = new ReentrantLock[LOCKS];

    PathLocks() {
        for (int i = 0; i < LOCKS; i++) {
            locks[i] = new ReentrantLock();
        }
    }

    /** A lock that is held until this is closed, by the same thread. */
    interface Held extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Waits until nobody else changes what is there.
     *
     * @param checkpoint is asked, while it waits, whether it may go on
     */
    Held lock(FileRoot root, FilePath path, Checkpoint checkpoint) {
        // As text, and joined: a root may lie below another one, and a name need not be one in the locale of the
        // service.
        var lock = locks[Math.floorMod((root.path() + "/" + path).hashCode(), LOCKS)];
        try {
            do {
                checkpoint.pass();
            } while (!lock.tryLock(LOOK_MILLIS, TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while another job changed \"" + path + "\"", e);
        }
        return lock::unlock;
    }
}
