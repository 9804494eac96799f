package dev.ringfence.wal.journal;

import java.time.Duration;

/** Hears what a journal does beside taking events, on its own threads. Must be quick and not throw. */
public interface JournalObserver {
    /** Hears nothing. */
    static JournalObserver none() {
        return new JournalObserver() {};
    }

    /** A file beside the log, such as a snapshot, could not be used; what it says is found out anew. */
    default void unusable(String what, String why) {}

    /**
     * The start has rebuilt the jobs.
     *
     * @param snapshot the newest event that the snapshot covers which was read; 0 if none was
     * @param events that were read behind it, or all if there was none
     */
    default void replayed(long snapshot, long events, Duration took) {}

    /** A snapshot of everything up to an event was written. */
    default void snapshot(long sequence, Duration took) {}

    /** Something beside the log could not be done, such as a snapshot on a full disk; it is tried again. */
    default void trouble(String what, Throwable why) {}

    /** Events before this one were given up, as the options say. */
    default void discardedBefore(long sequence) {}

    /** Blobs that nothing names any more were removed. */
    default void swept(BlobStore.Total blobs) {}
}
