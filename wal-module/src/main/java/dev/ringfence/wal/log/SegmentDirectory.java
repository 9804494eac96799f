package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The files of a log. */
record SegmentDirectory(Path path, Storage storage) {
    private static final Pattern NAME = Pattern.compile("(\\d{20})\\.wal");
    private static final String START = "log.start";
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

    /**
     * The header of the segment that the log begins with, if older ones were discarded.
     *
     * @throws LogException.Corrupt if the file that says so is damaged
     */
    Optional<SegmentHeader> start() throws IOException {
        var path = path().resolve(START);
        try (var file = storage.openToRead(path)) {
            return Optional.of(SegmentHeader.read(path, file));
        } catch (NoSuchFileException _) {
            return Optional.empty();
        }
    }

    /** Makes the segment the log's first. When it returns, that is durable; the older ones are still there. */
    void startAt(SegmentHeader first) throws IOException {
        keep(path.resolve(START), file -> file.write(first.encode(), 0));
    }

    /** Removes the segments before a number, and what recoveries cut off from them. */
    void deleteBefore(long number) throws IOException {
        var old = storage.list(path).stream()
                .filter(name -> isOfSegmentBefore(name, number))
                .sorted()
                .toList();
        for (var name : old) {
            storage.delete(path.resolve(name));
        }
        if (!old.isEmpty()) {
            storage.syncDirectory(path);
        }
    }

    private static boolean isOfSegmentBefore(String file, long number) {
        var name = NAME.matcher(file);
        return name.lookingAt() && Long.parseLong(name.group(1)) < number;
    }

    /** Removes what was being made when the last process ended. */
    void deleteUnfinished() throws IOException {
        var unfinished = storage.list(path).stream()
                .filter(name -> name.endsWith(UNFINISHED))
                .toList();
        for (var name : unfinished) {
            storage.delete(path.resolve(name));
        }
        if (!unfinished.isEmpty()) {
            storage.syncDirectory(path);
        }
    }

    /**
     * Makes a segment under its final name. When it returns, the segment is durable and its space is taken.
     *
     * @throws LogException.NoSpace if there is no room; nothing was made
     * @throws IOException if it is not known what was made
     */
    Storage.StorageFile create(SegmentHeader header) throws IOException {
        var target = file(header.number());
        var unfinished = unfinished(target);
        Storage.StorageFile file;
        try {
            file = makeUnfinished(header, unfinished);
        } catch (IOException e) {
            throw orNoSpace(e);
        }
        try {
            publish(unfinished, target);
            return file;
        } catch (IOException e) {
            closeAfter(e, file);
            throw e;
        }
    }

    /** Gives a file its bytes. */
    @FunctionalInterface
    interface Content {
        void writeTo(Storage.StorageFile file) throws IOException;
    }

    /** Keeps bytes in a new file beside the segments. When it returns, the file is durable. */
    void keep(Path target, Content content) throws IOException {
        var unfinished = unfinished(target);
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

    private static Path unfinished(Path target) {
        return target.resolveSibling(target.getFileName() + UNFINISHED);
    }

    private Storage.StorageFile makeUnfinished(SegmentHeader header, Path unfinished) throws IOException {
        deleteIfThere(unfinished);
        var file = storage.create(unfinished);
        try {
            fill(file, header);
            file.sync();
            return file;
        } catch (IOException e) {
            closeAfter(e, file);
            deleteAfter(e, unfinished);
            throw e;
        }
    }

    /** Real zeros, not a hole: a hole would be filled later, when the disk may be full. */
    private static void fill(Storage.StorageFile file, SegmentHeader header) throws IOException {
        var zeros = ByteBuffer.allocateDirect((int) Math.min(CHUNK, header.size()));
        for (long at = 0; at < header.size(); at += zeros.limit()) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), header.size() - at));
            file.write(zeros, at);
        }
        file.write(header.encode(), 0);
    }

    private void deleteIfThere(Path file) throws IOException {
        if (storage.exists(file)) {
            storage.delete(file);
        }
    }

    private void publish(Path unfinished, Path target) throws IOException {
        storage.rename(unfinished, target);
        storage.syncDirectory(path);
    }

    private IOException orNoSpace(IOException e) {
        if (storage.isNoSpace(e)) {
            throw new LogException.NoSpace(path, e);
        }
        return e;
    }

    static void closeAfter(Throwable cause, AutoCloseable file) {
        try {
            file.close();
        } catch (Exception e) {
            cause.addSuppressed(e);
        }
    }

    private void deleteAfter(IOException cause, Path file) {
        try {
            storage.delete(file);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }
}
