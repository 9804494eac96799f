package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The files of a log. */
record SegmentDirectory(Path path, Storage storage) {
    static final String SUFFIX = ".wal";

    private static final Pattern NAME = Pattern.compile("(\\d{20})\\.wal");
    private static final String START = "log.start";
    private static final String RESERVE = "next.tmp";
    private static final String UNFINISHED = ".tmp";
    private static final int CHUNK = 1 << 20;

    Path file(long number) {
        return path.resolve(String.format(Locale.ROOT, "%020d.wal", number));
    }

    /** The numbers of all segments, in order. */
    List<Long> numbers() throws IOException {
        return storage.list(path).stream()
                .map(NAME::matcher)
                .filter(Matcher::matches)
                .map(name -> Long.valueOf(name.group(1)))
                .sorted()
                .toList();
    }

    /** Whether something is there that was cut off from a segment. */
    boolean hadSegments() throws IOException {
        return storage.list(path).stream().anyMatch(name -> NAME.matcher(name).lookingAt());
    }

    /**
     * The header of the segment that the log begins with, if older ones were discarded.
     *
     * @throws LogException.Corrupt if the file that says so is damaged
     */
    Optional<SegmentHeader> start() throws IOException {
        var path = startFile();
        try (var file = storage.openToRead(path)) {
            return Optional.of(SegmentHeader.read(path, file));
        } catch (NoSuchFileException _) {
            return Optional.empty();
        }
    }

    /** The file that says where the log begins. */
    Path startFile() {
        return path.resolve(START);
    }

    /** Gives a segment its header again, durably, and leaves all else of it as it is. */
    void restoreHeader(SegmentHeader header) throws IOException {
        try (var file = storage.open(file(header.number()))) {
            writeHeader(header, file);
        } catch (IOException e) {
            throw orNoSpace(e);
        }
    }

    /** Makes the segment the log's first. When it returns, that is durable; the older ones are still there. */
    void startAt(SegmentHeader first) throws IOException {
        keep(startFile(), file -> file.write(first.encode(), 0));
    }

    /**
     * Removes the segments before a number, and what recoveries cut off from them.
     *
     * @throws LogException.NoSpace if there are too many open files; nothing was removed
     */
    void deleteBefore(long number) throws IOException {
        deleteDurably(name -> isOfSegmentBefore(name, number));
    }

    private static boolean isOfSegmentBefore(String file, long number) {
        var name = NAME.matcher(file);
        return name.lookingAt() && Long.parseLong(name.group(1)) < number;
    }

    /** Makes the names durable that are there: whoever gave them may have ended before that. */
    void syncNames() throws IOException {
        try (var entries = openEntries()) {
            entries.sync();
        }
    }

    /** Removes what was being made when the last process ended. */
    void deleteUnfinished() throws IOException {
        deleteDurably(name -> name.endsWith(UNFINISHED));
    }

    private void deleteDurably(Predicate<String> which) throws IOException {
        var names = names().stream().filter(which).sorted().toList();
        if (names.isEmpty()) {
            return;
        }
        try (var entries = openEntries()) {
            for (var name : names) {
                storage.delete(path.resolve(name));
            }
            entries.sync();
        }
    }

    /**
     * Makes the file of a segment to come. Its space is taken when this returns.
     *
     * @throws LogException.NoSpace if there is no room; nothing was made
     */
    Storage.StorageFile reserve(long size) throws IOException {
        var unfinished = path.resolve(RESERVE);
        try {
            deleteIfThere(unfinished);
            var file = storage.create(unfinished);
            try {
                fill(file, size);
                return file;
            } catch (IOException e) {
                closeAfter(e, file);
                throw e;
            }
        } catch (IOException e) {
            deleteAfter(e, unfinished);
            throw orNoSpace(e);
        }
    }

    /** Whether it is worth trying to take so much room. */
    boolean hasRoom(long size) {
        return storage.usableBytes(path) >= size;
    }

    /** Real zeros, not a hole: a hole would be filled later, when the disk may be full. */
    private static void fill(Storage.StorageFile file, long size) throws IOException {
        var zeros = ByteBuffer.allocateDirect((int) Math.min(CHUNK, size));
        for (long at = 0; at < size; at += zeros.limit()) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), size - at));
            file.write(zeros, at);
            // Piece by piece, so that those who wait for their records never wait for all of it.
            file.sync();
        }
    }

    /** Removes the file of a segment that will not come. */
    void dropReserve(Storage.StorageFile reserved) throws IOException {
        reserved.close();
        storage.delete(path.resolve(RESERVE));
    }

    /**
     * Makes a reserved file a segment, under its final name. When it returns, the segment is durable.
     *
     * @throws LogException.NoSpace if there is no room; nothing was made, and the file is gone
     * @throws IOException if it is not known what was made
     */
    void begin(SegmentHeader header, Storage.StorageFile reserved) throws IOException {
        var unfinished = path.resolve(RESERVE);
        try {
            writeHeader(header, reserved);
            publish(unfinished, file(header.number()));
        } catch (LogException.NoSpace e) {
            closeAfter(e, reserved);
            deleteAfter(e, unfinished);
            throw e;
        } catch (IOException e) {
            closeAfter(e, reserved);
            throw e;
        }
    }

    private void writeHeader(SegmentHeader header, Storage.StorageFile file) throws IOException {
        try {
            file.write(header.encode(), 0);
            file.sync();
        } catch (IOException e) {
            throw orNoSpace(e);
        }
    }

    /** Gives a file its bytes. */
    @FunctionalInterface
    interface Content {
        void writeTo(Storage.StorageFile file) throws IOException;
    }

    /**
     * Keeps bytes in a new file beside the segments. When it returns, the file is durable.
     *
     * @throws LogException.NoSpace if there is no room; nothing was made
     */
    void keep(Path target, Content content) throws IOException {
        var unfinished = target.resolveSibling(target.getFileName() + UNFINISHED);
        try {
            deleteIfThere(unfinished);
            try (var file = storage.create(unfinished)) {
                content.writeTo(file);
                file.sync();
            }
        } catch (IOException e) {
            deleteAfter(e, unfinished);
            throw orNoSpace(e);
        }
        publish(unfinished, target);
    }

    private void publish(Path unfinished, Path target) throws IOException {
        try (var entries = openEntries()) {
            try {
                storage.rename(unfinished, target);
            } catch (IOException e) {
                throw orNoSpace(e);
            }
            entries.sync();
        }
    }

    private Storage.StorageDirectory openEntries() throws IOException {
        try {
            return storage.openDirectory(path);
        } catch (IOException e) {
            throw orNoSpace(e);
        }
    }

    private void deleteIfThere(Path file) throws IOException {
        if (storage.exists(file)) {
            storage.delete(file);
        }
    }

    private List<String> names() throws IOException {
        try {
            return storage.list(path);
        } catch (IOException e) {
            throw orNoSpace(e);
        }
    }

    /** What a failed reading means to whoever asked for it. */
    LogException readFailure(IOException e) {
        return storage.isNoSpace(e)
                ? new LogException.NoSpace(path, e)
                : new LogException.Failed(path, "cannot read " + path + ": " + e, e);
    }

    /** The failure as it is, for the caller to throw. */
    IOException orNoSpace(IOException e) {
        if (storage.isNoSpace(e)) {
            throw new LogException.NoSpace(path, e);
        }
        return e;
    }

    static void closeAfter(Throwable cause, @Nullable AutoCloseable file) {
        if (file == null) {
            return;
        }
        try {
            file.close();
        } catch (Exception e) {
            cause.addSuppressed(e);
        }
    }

    private void deleteAfter(Exception cause, Path file) {
        try {
            deleteIfThere(file);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }
}
