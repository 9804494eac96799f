package dev.ringfence.wal.log;

import java.nio.file.Path;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** The log could not do its work. One subclass for each reaction a caller can have. */
public abstract sealed class LogException extends RuntimeException {
    private LogException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** Stored bytes are not what was written. Nothing was changed; an operator has to follow the message. */
    public static final class Corrupt extends LogException {
        private final transient Path file;
        private final long offset;
        private final String what;

        Corrupt(Path file, long offset, String what, String remedy) {
            super("Log damaged: " + file + " at offset " + offset + ": " + what + ". " + remedy, null);
            this.file = file;
            this.offset = offset;
            this.what = what;
        }

        /** What is wrong there, without what to do about it. */
        public String what() {
            return what;
        }

        public Path file() {
            return file;
        }

        public long offset() {
            return offset;
        }
    }

    /** A newer version of this program wrote the log. Nothing was changed; start that version. */
    public static final class NewerFormat extends LogException {
        NewerFormat(Path file, int found, int known) {
            super(
                    file + " has format version " + found + "; this program reads up to version " + known
                            + ". Start the newer version that wrote it",
                    null);
        }
    }

    /** What was asked for is older than what the log keeps. Begin with {@link #firstSequence()}, or with a snapshot. */
    public static final class Discarded extends LogException {
        private final long firstSequence;

        Discarded(Path directory, long wanted, long firstSequence) {
            super(
                    "Record " + wanted + " of the log in " + directory + " was discarded; the oldest kept is "
                            + firstSequence,
                    null);
            this.firstSequence = firstSequence;
        }

        /** The oldest record that is kept. */
        public long firstSequence() {
            return firstSequence;
        }
    }

    /** Another process or this one uses the directory. End that one, or choose another directory. */
    public static final class Locked extends LogException {
        /** @param holder the pid of the process that holds the lock, if it could be read */
        Locked(Path directory, OptionalLong holder) {
            super(
                    "The log in " + directory + " is in use"
                            + (holder.isPresent() ? " by process " + holder.getAsLong() : "")
                            + ". End that process, or choose another directory",
                    null);
        }
    }

    /** The directory cannot be made or written. Change its owner, its mount, or the configuration. */
    public static final class UnwritableDirectory extends LogException {
        UnwritableDirectory(Path directory, Throwable cause) {
            super(
                    "Cannot write to the log directory " + directory + " (" + cause
                            + "). Give this process's user the right to write there, or choose another directory",
                    cause);
        }
    }

    /**
     * The disk, a quota or the table of open files is full. The record was not written and will not be recovered. The
     * log stays readable, and appends succeed again once there is room.
     */
    public static final class NoSpace extends LogException {
        private final transient Path directory;

        NoSpace(Path directory, Throwable cause) {
            super(
                    "No room for the log in " + directory + " (" + cause.getMessage()
                            + "). Free some; no restart needed",
                    cause);
            this.directory = directory;
        }

        /** The log's directory. */
        public Path directory() {
            return directory;
        }
    }

    /**
     * Reading, writing or syncing failed, and nothing will be written any more. Whether this record is durable is not
     * known; a restart recovers what is.
     */
    public static final class Failed extends LogException {
        private final transient Path directory;
        private final String reason;

        Failed(Path directory, String reason, @Nullable Throwable cause) {
            super("The log failed: " + reason, cause);
            this.directory = directory;
            this.reason = reason;
        }

        /** The log's directory. */
        public Path directory() {
            return directory;
        }

        String reason() {
            return reason;
        }
    }

    /** Too much is waiting. The record was not queued; try again a little later. */
    public static final class Saturated extends LogException {
        Saturated(String full) {
            super("The log's queue is full: " + full, null);
        }
    }

    /** A record is larger than the options allow, or empty. Nothing was queued; trying again does not help. */
    public static final class BadSize extends LogException {
        BadSize(int size, int limit) {
            super("A record has 1 to " + limit + " bytes (maxPayloadBytes), this one has " + size, null);
        }

        BadSize(Append append, int segmentBytes) {
            super(
                    append.records() + " records that stand together take " + append.frames()
                            + " bytes, and a segment has " + segmentBytes + " (segmentBytes)",
                    null);
        }
    }

    /** The log was closed before the record was queued. The record was not written. */
    public static final class Closed extends LogException {
        Closed(Path directory) {
            super("The log in " + directory + " is closed", null);
        }
    }
}
