package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** The real disk, with something that happens before each operation, or after a write. */
final class FaultyStorage extends ForwardingStorage {
    enum Operation {
        CREATE,
        WRITE,
        SYNC,
        RENAME,
        DELETE,
        OPEN_DIRECTORY,
        SYNC_DIRECTORY
    }

    @FunctionalInterface
    interface Fault {
        void happen(Operation operation, Path file) throws IOException;
    }

    private final Map<Operation, AtomicInteger> counts = new ConcurrentHashMap<>();
    private volatile long usable = Long.MAX_VALUE;
    private volatile Fault fault = (operation, file) -> {};
    private volatile Fault afterWrite = (operation, file) -> {};

    FaultyStorage(Storage disk) {
        super(disk);
    }

    FaultyStorage() {
        this(new DiskStorage());
    }

    void breakWith(Fault next) {
        fault = next;
    }

    void breakAfterWriteWith(Fault next) {
        afterWrite = next;
    }

    /** What the disk says of itself from now on. */
    void claimUsable(long bytes) {
        usable = bytes;
    }

    void heal() {
        usable = Long.MAX_VALUE;
        fault = (operation, file) -> {};
        afterWrite = (operation, file) -> {};
    }

    int count(Operation operation) {
        return counts.computeIfAbsent(operation, key -> new AtomicInteger()).get();
    }

    private void before(Operation operation, Path file) throws IOException {
        counts.computeIfAbsent(operation, key -> new AtomicInteger()).incrementAndGet();
        fault.happen(operation, file);
    }

    @Override
    public StorageFile create(Path file) throws IOException {
        before(Operation.CREATE, file);
        return new FaultyFile(file, disk.create(file));
    }

    @Override
    public StorageFile open(Path file) throws IOException {
        return new FaultyFile(file, disk.open(file));
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        before(Operation.RENAME, to);
        disk.rename(from, to);
    }

    @Override
    public void delete(Path file) throws IOException {
        before(Operation.DELETE, file);
        disk.delete(file);
    }

    @Override
    public StorageDirectory openDirectory(Path directory) throws IOException {
        before(Operation.OPEN_DIRECTORY, directory);
        var opened = disk.openDirectory(directory);
        return new StorageDirectory() {
            @Override
            public void sync() throws IOException {
                before(Operation.SYNC_DIRECTORY, directory);
                opened.sync();
            }

            @Override
            public void close() throws IOException {
                opened.close();
            }
        };
    }

    @Override
    public long usableBytes(Path directory) {
        return Math.min(usable, disk.usableBytes(directory));
    }

    private final class FaultyFile extends ForwardingFile {
        private final Path path;

        FaultyFile(Path path, StorageFile file) {
            super(file);
            this.path = path;
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            before(Operation.WRITE, path);
            file.write(source, position);
            afterWrite.happen(Operation.WRITE, path);
        }

        @Override
        public void sync() throws IOException {
            before(Operation.SYNC, path);
            file.sync();
        }
    }
}
