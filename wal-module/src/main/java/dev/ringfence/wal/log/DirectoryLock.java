package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Keeps everyone else out of a log's directory. The kernel frees it when the process ends, however that happens. */
final class DirectoryLock implements Storage.Lock {
    private static final String NAME = "log.lock";

    /**
     * The directories locked in this process. Asked first, because closing any descriptor of a file gives up this
     * process's locks on it: a second attempt must not even open the file.
     */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path directory;
    private final FileChannel channel;

    private DirectoryLock(Path directory, FileChannel channel) {
        this.directory = directory;
        this.channel = channel;
    }

    /**
     * Makes the directory if it is missing, durably, and locks it.
     *
     * @throws LogException.Locked if it is locked
     * @throws LogException.UnwritableDirectory if it cannot be made or written
     */
    static DirectoryLock acquire(Path directory, Storage storage) {
        try {
            make(directory.toAbsolutePath(), storage);
            var real = directory.toRealPath();
            if (!HELD.add(real)) {
                throw new LogException.Locked(
                        directory, OptionalLong.of(ProcessHandle.current().pid()));
            }
            try {
                return new DirectoryLock(real, lock(directory));
            } catch (IOException | RuntimeException e) {
                HELD.remove(real);
                throw e;
            }
        } catch (IOException e) {
            if (storage.isNoSpace(e)) {
                throw new LogException.NoSpace(directory, e);
            }
            throw new LogException.UnwritableDirectory(directory, e);
        }
    }

    private static void make(Path directory, Storage storage) throws IOException {
        var missing = new ArrayDeque<Path>();
        for (var path = directory; path != null && !Files.exists(path); path = path.getParent()) {
            missing.push(path);
        }
        for (var path : missing) {
            try {
                storage.makeDirectory(path);
            } catch (FileAlreadyExistsException _) {
                // Someone else was faster.
            }
        }
        if (!Files.isDirectory(directory)) {
            throw new IOException("it is not a directory");
        }
        if (storage.list(directory).stream().noneMatch(name -> name.endsWith(SegmentDirectory.SUFFIX))) {
            syncAbove(directory, storage);
        }
    }

    /** An earlier start may have made the directory, or one above it, and ended before that was durable. */
    private static void syncAbove(Path directory, Storage storage) throws IOException {
        for (var above = directory.getParent(); above != null; above = above.getParent()) {
            try (var entries = storage.openDirectory(above)) {
                entries.sync();
            } catch (AccessDeniedException _) {
                // Not made by this user, then.
                return;
            }
        }
    }

    private static FileChannel lock(Path directory) throws IOException {
        var file = directory.resolve(NAME);
        var channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() == null) {
                throw new LogException.Locked(directory, holder(channel));
            }
            writePid(channel);
            return channel;
        } catch (OverlappingFileLockException _) {
            channel.close();
            throw new LogException.Locked(
                    directory, OptionalLong.of(ProcessHandle.current().pid()));
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static void writePid(FileChannel channel) {
        try {
            channel.truncate(0);
            var pid = ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII));
            var _ = channel.write(pid, 0);
        } catch (IOException _) {
            // A full disk must not keep the log from being read. The lock holds without the pid, which only helps.
        }
    }

    private static OptionalLong holder(FileChannel channel) throws IOException {
        var text = ByteBuffer.allocate(32);
        var _ = channel.read(text, 0);
        try {
            var digits =
                    StandardCharsets.US_ASCII.decode(text.flip()).toString().strip();
            return OptionalLong.of(Long.parseLong(digits));
        } catch (NumberFormatException _) {
            return OptionalLong.empty();
        }
    }

    @Override
    public synchronized void close() throws IOException {
        if (!channel.isOpen()) {
            // By now the directory may be someone else's.
            return;
        }
        try {
            channel.close();
        } finally {
            HELD.remove(directory);
        }
    }
}
