package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The files of a log. */
record SegmentDirectory(Path path, Storage storage) {
    private static final Pattern NAME = Pattern.compile("(\\d{20})\\.wal");
    private static final String UNFINISHED = ".tmp";
    private static final int CHUNK = 1 << 20;

    Path file(long number) {
        return path.resolve(String.format(Locale.ROOT, "%020d.wal", number));
    }

    /** The numbers of all segments, in order. */
    List<Long> numbers() throws IOException {
        try (var files = Files.list(path)) {
            return files.map(file -> NAME.matcher(file.getFileName().toString()))
                    .filter(Matcher::matches)
                    .map(name -> Long.valueOf(name.group(1)))
                    .sorted()
                    .toList();
        }
    }

    /** Removes what was being made when the last process ended. */
    void deleteUnfinished() throws IOException {
        final List<Path> unfinished;
        try (var files = Files.list(path)) {
            unfinished =
                    files.filter(file -> file.toString().endsWith(UNFINISHED)).toList();
        }
        for (var file : unfinished) {
            storage.delete(file);
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

    /** Keeps bytes in a new file beside the segments. When it returns, the file is durable. */
    void keep(Path target, ByteBuffer bytes) throws IOException {
        var unfinished = unfinished(target);
        try (var file = storage.create(unfinished)) {
            file.write(bytes, 0);
            file.sync();
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
        if (Files.exists(unfinished)) {
            storage.delete(unfinished);
        }
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

    private static void closeAfter(IOException cause, Storage.StorageFile file) {
        try {
            file.close();
        } catch (IOException e) {
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
