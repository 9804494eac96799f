package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** Every change of a disk that the log makes, so that tests can lose, tear and refuse them. */
interface Storage {
    /** A new, empty file. */
    StorageFile create(Path file) throws IOException;

    /** An existing file, to be read and written. */
    StorageFile open(Path file) throws IOException;

    /** An existing file, to be read only. */
    StorageFile openToRead(Path file) throws IOException;

    void rename(Path from, Path to) throws IOException;

    void delete(Path file) throws IOException;

    /** Makes creations, renames and deletions in the directory durable. */
    void syncDirectory(Path directory) throws IOException;

    /** Whether something is used up that can be freed: disk, quota, open files. */
    boolean isNoSpace(IOException e);

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
