package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A disk in memory that knows what of it is durable, and can lose the rest.
 *
 * <p>Of a file that is what was synced, sector by sector; of a directory the names that were synced. A power loss leaves
 * of everything else whatever luck has it: each sector as it was at any time since the last sync, since the kernel writes
 * back when it likes; each name there or not, each size old or new. After a
 * sync that failed the sectors that it should have written look clean, as with Linux: no later sync writes them.
 */
public final class MemoryDisk implements Storage {
    /** The only directory that is there without being made. */
    public static final Path ROOT = Path.of("/log");

    /** What can fail. Making a directory is a creation. */
    public enum Operation {
        LIST,
        OPEN,
        CREATE,
        READ,
        WRITE,
        SYNC,
        RENAME,
        DELETE,
        OPEN_DIRECTORY,
        SYNC_DIRECTORY
    }

    /** Decides before each operation whether it happens. */
    @FunctionalInterface
    public interface Fault {
        void before(Operation operation, Path file) throws IOException;
    }

    /** What an operation meets whose process ends before it: it does not happen, and nothing of the disk has failed. */
    static final class Died extends IOException {
        private static final long serialVersionUID = 1L;

        Died() {
            super("dead");
        }
    }

    static final String BROKEN = "Input/output error";
    static final String FULL = "No space left on device";
    static final String TOO_MANY = "Too many open files";
    private static final int SECTOR = 512;

    private static final class Inode {
        private byte[] current = new byte[0];
        private byte[] synced = new byte[0];
        /** Of each sector that was written since the last sync, what it held after each of those writes. */
        private final Map<Integer, List<byte[]>> dirty = new TreeMap<>();

        static Inode of(byte[] content) {
            var inode = new Inode();
            inode.current = content;
            inode.synced = content.clone();
            return inode;
        }

        void write(ByteBuffer source, int at) {
            var count = source.remaining();
            if (at + count > current.length) {
                current = Arrays.copyOf(current, at + count);
            }
            source.get(current, at, count);
            for (int sector = at / SECTOR; sector * SECTOR < at + count; sector++) {
                var from = sector * SECTOR;
                dirty.computeIfAbsent(sector, _ -> new ArrayList<>())
                        .add(Arrays.copyOfRange(current, from, Math.min(from + SECTOR, current.length)));
            }
        }

        void sync() {
            synced = Arrays.copyOf(synced, current.length);
            dirty.forEach((sector, versions) -> put(synced, sector, versions.getLast()));
            dirty.clear();
        }

        byte[] leftAfterPowerLoss(Random luck, double survival) {
            var longer = luck.nextDouble() < survival ? current.length : synced.length;
            var left = Arrays.copyOf(synced, longer);
            dirty.forEach((sector, versions) -> {
                if (luck.nextDouble() < survival) {
                    var last = luck.nextDouble() < survival;
                    put(left, sector, last ? versions.getLast() : versions.get(luck.nextInt(versions.size())));
                }
            });
            return left;
        }

        private static void put(byte[] target, int sector, byte[] content) {
            var from = sector * SECTOR;
            var count = Math.min(content.length, target.length - from);
            if (count > 0) {
                System.arraycopy(content, 0, target, from, count);
            }
        }
    }

    private final Map<Path, Inode> current = new TreeMap<>();
    private final Map<Path, Inode> synced = new TreeMap<>();
    private final Set<Path> directories = new TreeSet<>(Set.of(ROOT));
    private final Set<Path> syncedDirectories = new TreeSet<>(Set.of(ROOT));
    private int failedWrites;
    private Fault fault = (operation, file) -> {};

    public synchronized void breakWith(Fault next) {
        fault = next;
    }

    /** The disk as a power loss leaves it; this one stays as it is. */
    public synchronized MemoryDisk afterPowerLoss(Random luck, double survival) {
        var left = new TreeMap<>(synced);
        current.forEach((name, inode) -> {
            if (luck.nextDouble() < survival) {
                left.put(name, inode);
            }
        });
        left.keySet().removeIf(name -> !current.containsKey(name) && luck.nextDouble() < survival);
        var disk = new MemoryDisk();
        directories.stream()
                .filter(name -> syncedDirectories.contains(name) || luck.nextDouble() < survival)
                .forEach(disk.directories::add);
        disk.syncedDirectories.addAll(disk.directories);
        left.keySet().removeIf(name -> !disk.directories.contains(name.getParent()));
        left.forEach((name, inode) -> disk.current.put(name, Inode.of(inode.leftAfterPowerLoss(luck, survival))));
        disk.synced.putAll(disk.current);
        disk.failedWrites = failedWrites;
        return disk;
    }

    /** The disk as the end of a process leaves it: nothing is lost, but nothing has become durable either. */
    public synchronized MemoryDisk afterKill() {
        var disk = new MemoryDisk();
        disk.current.putAll(current);
        disk.synced.putAll(synced);
        disk.directories.addAll(directories);
        disk.syncedDirectories.addAll(syncedDirectories);
        disk.failedWrites = failedWrites;
        return disk;
    }

    /** The content of all files. */
    public synchronized Map<Path, byte[]> content() {
        var all = new TreeMap<Path, byte[]>();
        current.forEach((name, inode) -> all.put(name, inode.current.clone()));
        return all;
    }

    /** Gives a file other bytes, durably. */
    public synchronized void replace(Path file, byte[] content) {
        var inode = Inode.of(content);
        current.put(file, inode);
        synced.put(file, inode);
    }

    private void before(Operation operation, Path file) throws IOException {
        fault.before(operation, file);
    }

    @Override
    public Lock lock(Path directory) {
        return () -> {};
    }

    @Override
    public synchronized List<String> list(Path directory) throws IOException {
        before(Operation.LIST, directory);
        requireDirectory(directory);
        return current.keySet().stream()
                .filter(file -> directory.equals(file.getParent()))
                .map(file -> file.getFileName().toString())
                .toList();
    }

    @Override
    public synchronized boolean exists(Path file) {
        return current.containsKey(file) || directories.contains(file);
    }

    @Override
    public synchronized long size(Path file) throws IOException {
        return inode(file).current.length;
    }

    private Inode inode(Path file) throws NoSuchFileException {
        var inode = current.get(file);
        if (inode == null) {
            throw new NoSuchFileException(file.toString());
        }
        return inode;
    }

    private void requireDirectory(Path directory) throws NoSuchFileException {
        if (!directories.contains(directory)) {
            throw new NoSuchFileException(directory.toString());
        }
    }

    @Override
    public synchronized void makeDirectory(Path directory) throws IOException {
        before(Operation.CREATE, directory);
        requireDirectory(directory.resolveSibling(".").normalize());
        directories.add(directory);
    }

    @Override
    public synchronized StorageFile create(Path file) throws IOException {
        before(Operation.CREATE, file);
        requireDirectory(file.resolveSibling(".").normalize());
        if (current.containsKey(file)) {
            throw new FileAlreadyExistsException(file.toString());
        }
        var inode = new Inode();
        current.put(file, inode);
        return new MemoryFile(file, inode);
    }

    @Override
    public synchronized StorageFile open(Path file) throws IOException {
        return openToRead(file);
    }

    @Override
    public synchronized StorageFile openToRead(Path file) throws IOException {
        before(Operation.OPEN, file);
        return new MemoryFile(file, inode(file));
    }

    @Override
    public synchronized void rename(Path from, Path to) throws IOException {
        before(Operation.RENAME, from);
        var inode = current.remove(from);
        if (inode == null) {
            throw new NoSuchFileException(from.toString());
        }
        current.put(to, inode);
    }

    @Override
    public synchronized void delete(Path file) throws IOException {
        before(Operation.DELETE, file);
        if (current.remove(file) == null) {
            throw new NoSuchFileException(file.toString());
        }
    }

    @Override
    public synchronized StorageDirectory openDirectory(Path directory) throws IOException {
        before(Operation.OPEN_DIRECTORY, directory);
        requireDirectory(directory);
        return new StorageDirectory() {
            @Override
            public void sync() throws IOException {
                syncEntries(directory);
            }

            @Override
            public void close() {}
        };
    }

    private synchronized void syncEntries(Path directory) throws IOException {
        before(Operation.SYNC_DIRECTORY, directory);
        synced.keySet().removeIf(file -> directory.equals(file.getParent()));
        current.forEach((file, inode) -> {
            if (directory.equals(file.getParent())) {
                synced.put(file, inode);
            }
        });
        directories.stream().filter(made -> directory.equals(made.getParent())).forEach(syncedDirectories::add);
    }

    @Override
    public long usableBytes(Path directory) {
        return Long.MAX_VALUE;
    }

    @Override
    public boolean isNoSpace(IOException e) {
        return FULL.equals(e.getMessage()) || TOO_MANY.equals(e.getMessage());
    }

    private final class MemoryFile implements StorageFile {
        private final Path path;
        private final Inode inode;

        MemoryFile(Path path, Inode inode) {
            this.path = path;
            this.inode = inode;
        }

        @Override
        public long size() {
            synchronized (MemoryDisk.this) {
                return inode.current.length;
            }
        }

        @Override
        public void read(ByteBuffer target, long position) throws IOException {
            synchronized (MemoryDisk.this) {
                before(Operation.READ, path);
                var count = Math.min(target.remaining(), inode.current.length - (int) position);
                if (count > 0) {
                    target.put(inode.current, (int) position, count);
                }
            }
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            synchronized (MemoryDisk.this) {
                try {
                    before(Operation.WRITE, path);
                } catch (IOException e) {
                    // What a disk that is full or broken has taken by then is anyone's guess: nothing, half, or all.
                    var taken = source.remaining() * (failedWrites++ % 3) / 2;
                    inode.write(source.slice(source.position(), taken), (int) position);
                    throw e;
                }
                inode.write(source, (int) position);
            }
        }

        @Override
        public void sync() throws IOException {
            synchronized (MemoryDisk.this) {
                try {
                    before(Operation.SYNC, path);
                } catch (Died e) {
                    // The kernel still has what the dead had written, and the next sync writes it.
                    throw e;
                } catch (IOException e) {
                    inode.dirty.clear();
                    throw e;
                }
                inode.sync();
            }
        }

        @Override
        public void close() {}
    }
}
