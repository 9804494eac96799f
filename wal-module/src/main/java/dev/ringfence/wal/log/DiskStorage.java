package dev.ringfence.wal.log;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;

/** The real disk. */
final class DiskStorage implements Storage {
    /** What jobs were asked and what they put out is nobody else's matter. */
    private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    @Override
    public Lock lock(Path directory) {
        // Here, since whatever is done with a log begins here.
        ErrorTexts.load();
        return DirectoryLock.acquire(directory, this);
    }

    @Override
    public void makeDirectory(Path directory) throws IOException {
        Files.createDirectory(directory, OWNER_ONLY);
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    @Override
    public boolean exists(Path file) {
        return Files.exists(file);
    }

    @Override
    public long size(Path file) throws IOException {
        return Files.size(file);
    }

    @Override
    public StorageFile create(Path file) throws IOException {
        return new DiskFile(FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE));
    }

    @Override
    public StorageFile open(Path file) throws IOException {
        return new DiskFile(FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE));
    }

    @Override
    public StorageFile openToRead(Path file) throws IOException {
        return new DiskFile(FileChannel.open(file, StandardOpenOption.READ));
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void delete(Path file) throws IOException {
        Files.delete(file);
    }

    @Override
    public StorageDirectory openDirectory(Path directory) throws IOException {
        return new DiskDirectory(FileChannel.open(directory, StandardOpenOption.READ));
    }

    @Override
    public long usableBytes(Path directory) {
        try {
            return Files.getFileStore(directory).getUsableSpace();
        } catch (IOException _) {
            // Whoever writes will see.
            return Long.MAX_VALUE;
        }
    }

    @Override
    public boolean isNoSpace(IOException e) {
        return ErrorTexts.sayUsedUp(e);
    }

    private record DiskDirectory(FileChannel channel) implements StorageDirectory {
        @Override
        public void sync() throws IOException {
            channel.force(true);
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    private record DiskFile(FileChannel channel) implements StorageFile {
        @Override
        public long size() throws IOException {
            return channel.size();
        }

        @Override
        public void read(ByteBuffer target, long position) throws IOException {
            var from = position;
            while (target.hasRemaining()) {
                var count = channel.read(target, from);
                if (count < 0) {
                    return;
                }
                from += count;
            }
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            var to = position;
            while (source.hasRemaining()) {
                to += channel.write(source, to);
            }
        }

        @Override
        public void sync() throws IOException {
            channel.force(false);
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
