package dev.ringfence.wal.journal;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The journal could not accept or read an event. One subclass for each reaction a caller can have. Trouble with the
 * bytes below is a {@link dev.ringfence.wal.log.LogException}.
 */
public abstract sealed class JournalException extends RuntimeException {
    private JournalException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    private static String told(JournalEvent event) {
        return switch (event) {
            case JobEvent ofJob -> ofJob.type() + " of job " + ofJob.jobId();
            case Audited act -> act.type() + " " + act.action();
        };
    }

    /**
     * The event cannot follow the job's state; it was not written. When two ends race, such as a cancellation and the
     * completion, the loser gets this.
     */
    public static final class IllegalTransition extends JournalException {
        IllegalTransition(String jobId, String state, String event) {
            super("Job " + jobId + " is " + state + ", so it cannot be " + event, null);
        }
    }

    /** The event's encoding is too large, so it was not written. Write a shorter one. */
    public static final class TooLarge extends JournalException {
        TooLarge(JournalEvent event, long size, int limit) {
            super(
                    "The event " + told(event) + " has " + size + " bytes; the limit is " + limit + " (maxEventBytes)",
                    null);
        }
    }

    /** Too many events of this job wait for the one before them, so this one was not written. Await those first. */
    public static final class Saturated extends JournalException {
        Saturated(JobEvent event, int limit) {
            super("Already " + limit + " events of job " + event.jobId() + " wait to be written", null);
        }
    }

    /** The event cannot be written as JSON, so it was not written. Trying again does not help. */
    public static final class NotEncodable extends JournalException {
        NotEncodable(JournalEvent event, Throwable cause) {
            super("The event " + told(event) + " cannot be encoded: " + cause.getMessage(), cause);
        }
    }

    /** An event in the journal means nothing to this version; start the newer one that wrote it. */
    public static final class NotReadable extends JournalException {
        NotReadable(long sequence, String why, @Nullable Throwable cause) {
            super("Event " + sequence + " of the journal: " + why, cause);
        }
    }

    /** An event does not follow the one before it: the journal was changed by hand. An operator has to look. */
    public static final class Broken extends JournalException {
        Broken(long sequence, String why, @Nullable Throwable cause) {
            super(
                    "The journal is broken at event " + sequence + ": " + why
                            + ". It was not written so by this program: restore the directory from a backup, or give up"
                            + " this event and all behind it with 'ringfence journal repair'",
                    cause);
        }
    }

    /**
     * The index of older jobs is not what was written. It is being made anew from the journal, which has everything; try
     * again in a while.
     */
    public static final class IndexDamaged extends JournalException {
        private final String why;

        IndexDamaged(String why, @Nullable Throwable cause) {
            super("The index of older jobs is being made anew from the journal: " + why, cause);
            this.why = why;
        }

        /** What is damaged. */
        String why() {
            return why;
        }
    }

    /**
     * The journal, or what lies beside it, cannot be read now: it may be intact or not. Read it as a user who may, and look
     * after the disk.
     */
    public static final class Unreadable extends JournalException {
        Unreadable(Path place, Throwable cause) {
            super("Cannot read " + place + ": " + cause, cause);
        }
    }

    /** A file beside the log, such as a snapshot, cannot be read or written. Make room or mend the disk, and start again. */
    public static final class Unwritable extends JournalException {
        Unwritable(Path directory, Throwable cause) {
            super("Cannot read or write beside the journal in " + directory + ": " + cause, cause);
        }
    }

    /**
     * There is no log, and beside it lies what only a log's events can have named. An empty journal would remove it, so
     * nothing was begun; an operator has to follow the message.
     */
    public static final class LogMissing extends JournalException {
        LogMissing(Path directory, Path beside) {
            super(
                    "The journal in " + directory + " has no segments (*.wal), though there is " + beside
                            + ". Restore the segments from a backup; or, to begin an empty journal, move " + directory
                            + " aside",
                    null);
        }
    }

    /** The bytes that an event names are gone or are not what they were. The event itself is intact. */
    public static final class BlobDamaged extends JournalException {
        BlobDamaged(BlobRef blob, String why, @Nullable Throwable cause) {
            super("The blob " + blob.name() + " (" + blob.sha256() + ") " + why, cause);
        }
    }

    /** The bytes that an event names cannot be read now; they may be what they were. Try again, or look after the disk. */
    public static final class BlobUnreadable extends JournalException {
        BlobUnreadable(BlobRef blob, Throwable cause) {
            super("The blob " + blob.name() + " (" + blob.sha256() + ") cannot be read: " + cause, cause);
        }
    }

    /** A repair of the journal was cut short. Repair it again before anything else. */
    public static final class Unfinished extends JournalException {
        Unfinished(Path directory) {
            super(
                    "A repair of the journal in " + directory + " was cut short; run 'ringfence journal repair' again",
                    null);
        }
    }
}
