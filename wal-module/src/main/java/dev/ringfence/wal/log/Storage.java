package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * Every change of a disk that the log makes, and whoever keeps files beside it, so that tests can lose, tear and refuse
 * them. Thread-safe.
 */
public interface Storage {
    /** The real one. */
    static Storage disk() {
        return new DiskStorage();
    }

    /**
     * Makes the directory if it is missing, durably, and keeps everyone else out until the lock is closed.
     *
     * @throws LogException.Locked if it is locked
     * @throws LogException.UnwritableDirectory if it cannot be made or written
     */
    Lock lock(Path directory);

    /** Makes a directory whose parent is there. */
    void makeDirectory(Path directory) throws IOException;

    /**
     * The names of the files in a directory.
     *
     * @throws java.nio.file.NoSuchFileException if there is no such directory
     */
    List<String> list(Path directory) throws IOException;

    boolean exists(Path file);

    /**
     * How many bytes a file has.
     *
     * @throws java.nio.file.NoSuchFileException if it does not exist
     */
    long size(Path file) throws IOException;

    /** A new, empty file. */
    StorageFile create(Path file) throws IOException;

    /** An existing file, to be read and written. */
    StorageFile open(Path file) throws IOException;

    /**
     * An existing file, to be read only.
     *
     * @throws java.nio.file.NoSuchFileException if it does not exist
     */
    StorageFile openToRead(Path file) throws IOException;

    void rename(Path from, Path to) throws IOException;

    void delete(Path file) throws IOException;

    /** Opens a directory to sync it: before it is changed, so that a table of open files that is full changes nothing. */
    StorageDirectory openDirectory(Path directory) throws IOException;

    /** How many bytes there is room for, as far as that can be told, as it cannot of quotas. */
    long usableBytes(Path directory);

    /** Whether something is used up that can be freed: disk, quota, open files. */
    boolean isNoSpace(IOException e);

    /** An open directory. */
    interface StorageDirectory extends AutoCloseable {
        /** Makes creations, renames and deletions in the directory durable. */
        void sync() throws IOException;

        @Override
        void close() throws IOException;
    }

    /** Frees its directory when it is closed. */
    interface Lock extends AutoCloseable {
        @Override
        void close() throws IOException;
    }

    /** An open file. */
    interface StorageFile extends AutoCloseable {
        long size() throws IOException;

        /** Reads until the buffer is full or the file ends. */
        void read(ByteBuffer target, long position) throws IOException;

        /** Writes the whole buffer. */
        void write(ByteBuffer source, long position) throws IOException;

        /** When it returns, what was written is durable, and so is the file's size. */
        void sync() throws IOException;

        @Override
        void close() throws IOException;
    }
}
