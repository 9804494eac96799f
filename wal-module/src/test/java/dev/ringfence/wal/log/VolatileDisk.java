package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/**
 * The real disk of one directory, with a model of what would be left of it after a power loss: of each file what was
 * synced, of the directory the names that were synced. What was not may be left too, in part: sector by sector, name by
 * name.
 */
final class VolatileDisk extends ForwardingStorage {
    private static final int SECTOR = 512;

    private static final class Inode {
        private byte[] current;
        private byte[] synced;

        Inode(byte[] current, byte[] synced) {
            this.current = current;
            this.synced = synced;
        }
    }

    private final Path directory;
    private final Map<Path, Inode> current = new HashMap<>();
    private final Map<Path, Inode> synced = new HashMap<>();

    /** From then on nothing succeeds, also not what another thread had begun: it cannot become durable any more. */
    private boolean lost;

    /** What is in the directory now is durable. */
    VolatileDisk(Path directory) throws IOException {
        super(new DiskStorage());
        this.directory = directory;
        try (var files = Files.list(directory)) {
            for (var file : files.toList()) {
                var bytes = Files.readAllBytes(file);
                current.put(file, new Inode(bytes, bytes.clone()));
            }
        }
        synced.putAll(current);
    }

    /** Writes what a power loss leaves now; unsynced sectors and names survive as the luck has it. */
    synchronized void loseInto(Path target, Random luck, double survival) throws IOException {
        lost = true;
        var left = new HashMap<>(synced);
        current.forEach((name, inode) -> {
            if (luck.nextDouble() < survival) {
                left.put(name, inode);
            }
        });
        left.keySet().removeIf(name -> !current.containsKey(name) && luck.nextDouble() < survival);
        for (var entry : left.entrySet()) {
            Files.write(
                    target.resolve(directory.relativize(entry.getKey())), content(entry.getValue(), luck, survival));
        }
    }

    private static byte[] content(Inode inode, Random luck, double survival) {
        var longer = survival > 0 && luck.nextBoolean() ? inode.current.length : inode.synced.length;
        var bytes = Arrays.copyOf(inode.synced, longer);
        for (int at = 0; at < bytes.length && at < inode.current.length; at += SECTOR) {
            if (luck.nextDouble() < survival) {
                var count = Math.min(SECTOR, Math.min(bytes.length, inode.current.length) - at);
                System.arraycopy(inode.current, at, bytes, at, count);
            }
        }
        return bytes;
    }

    @Override
    public synchronized StorageFile create(Path file) throws IOException {
        requirePower();
        var inode = new Inode(new byte[0], new byte[0]);
        var created = disk.create(file);
        current.put(file, inode);
        return new VolatileFile(inode, created);
    }

    @Override
    public synchronized StorageFile open(Path file) throws IOException {
        var inode = current.get(file);
        if (inode == null) {
            throw new IOException("Not in the model: " + file);
        }
        return new VolatileFile(inode, disk.open(file));
    }

    @Override
    public synchronized void rename(Path from, Path to) throws IOException {
        requirePower();
        disk.rename(from, to);
        var inode = current.remove(from);
        if (inode != null) {
            current.put(to, inode);
        }
    }

    @Override
    public synchronized void delete(Path file) throws IOException {
        requirePower();
        disk.delete(file);
        current.remove(file);
    }

    @Override
    public StorageDirectory openDirectory(Path path) {
        return new StorageDirectory() {
            @Override
            public void sync() throws IOException {
                syncEntries(path);
            }

            @Override
            public void close() {}
        };
    }

    private void requirePower() throws IOException {
        if (lost) {
            throw new IOException("No power");
        }
    }

    private synchronized void syncEntries(Path path) throws IOException {
        requirePower();
        if (path.equals(directory)) {
            synced.clear();
            synced.putAll(current);
        }
    }

    @Override
    public long usableBytes(Path directory) {
        return Long.MAX_VALUE;
    }

    private final class VolatileFile extends ForwardingFile {
        private final Inode inode;

        VolatileFile(Inode inode, StorageFile file) {
            super(file);
            this.inode = inode;
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            synchronized (VolatileDisk.this) {
                requirePower();
                var at = (int) position;
                var bytes = new byte[source.remaining()];
                source.duplicate().get(bytes);
                file.write(source, position);
                inode.current = Arrays.copyOf(inode.current, Math.max(inode.current.length, at + bytes.length));
                System.arraycopy(bytes, 0, inode.current, at, bytes.length);
            }
        }

        @Override
        public void sync() throws IOException {
            synchronized (VolatileDisk.this) {
                requirePower();
                inode.synced = inode.current.clone();
            }
        }
    }
}
