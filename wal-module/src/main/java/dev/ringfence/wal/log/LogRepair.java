package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Looks at a log that cannot be recovered, and cuts off what is damaged. Only ever used because an operator asks for it:
 * what is cut off had been acknowledged.
 */
public final class LogRepair {
    private LogRepair() {}

    /**
     * How far a log can be read.
     *
     * @param lastSequence of the last record that is intact; the one before the first kept if none is
     * @param file where it ends, or where what should follow is missing
     * @param offset in that file
     * @param damage what is wrong there; null if nothing is
     */
    public record Intact(
            long lastSequence,
            Path file,
            long offset,
            @Nullable String damage) {
        public Intact {
            Objects.requireNonNull(file);
        }
    }

    /**
     * Where a record stands.
     *
     * @param offset of its frame in the file
     */
    public record Place(Path file, long offset) {}

    /** Reads the whole log, without the lock. A write that never finished is no damage. */
    public static Intact examine(Path directory) {
        var files = new SegmentDirectory(directory, new DiskStorage());
        try {
            return examine(files);
        } catch (IOException e) {
            throw new LogException.Failed("cannot read " + directory + ": " + e, e);
        }
    }

    private static Intact examine(SegmentDirectory files) throws IOException {
        var start = files.start();
        var number = start.map(SegmentHeader::number).orElse(1L);
        var newest = files.numbers().stream().mapToLong(Long::longValue).max().orElse(0);
        var last = start.map(SegmentHeader::firstSequence).orElse(1L) - 1;
        var end = 0L;
        SegmentScan before = null;
        try {
            for (; number <= newest; number++) {
                var scan = SegmentScan.of(files, number, SegmentScan.WHOLE);
                if (before != null) {
                    var follows = before.rest() == 0 && before.isFollowedBy(scan.header());
                    before.close();
                    if (!follows) {
                        scan.close();
                        return new Intact(
                                last, files.file(number - 1), end, "the next segment does not follow what can be read");
                    }
                }
                before = scan;
                while (scan.next()) {
                    last = scan.sequence();
                }
                end = scan.end();
            }
            if (before == null) {
                return new Intact(last, files.file(number), 0, newest == 0 ? null : "the segment is missing");
            }
            var stray = before.strayFrame();
            return new Intact(
                    last,
                    files.file(newest),
                    end,
                    stray.isEmpty()
                            ? null
                            : "record " + (last + 1) + " is damaged, and a later one stands at " + stray.getAsLong());
        } catch (NoSuchFileException e) {
            return new Intact(last, files.file(number), 0, "the segment is missing");
        } catch (LogException.Corrupt | LogException.NewerFormat e) {
            return new Intact(last, files.file(number), 0, e.getMessage());
        } finally {
            if (before != null) {
                before.close();
            }
        }
    }

    /** Finds a record; the newest segment's end if it is not there. */
    public static Place locate(Path directory, long sequence) {
        var files = new SegmentDirectory(directory, new DiskStorage());
        try {
            var place = new Place(directory, 0);
            for (var number : files.numbers()) {
                if (SegmentScan.headerOf(files, number).firstSequence() > sequence) {
                    break;
                }
                try (var scan = SegmentScan.of(files, number, SegmentScan.WHOLE)) {
                    place = new Place(files.file(number), scan.end());
                    while (scan.sequence() < sequence - 1 && scan.next()) {
                        place = new Place(files.file(number), scan.end());
                    }
                }
            }
            return place;
        } catch (IOException e) {
            throw new LogException.Failed("cannot read " + directory + ": " + e, e);
        }
    }

    /**
     * Cuts off everything behind a record. All files that change or go are copied before, durably.
     *
     * @param lastSequence the last record to be kept; it and all before it are intact
     * @param copies a directory for the copies, made when it is missing
     * @return what was copied there
     * @throws LogException.Locked if the log is in use
     * @throws LogException.NoSpace if there is no room for the copies; nothing was changed
     * @throws LogException.Failed if reading or writing fails, or not even the first segment's header is intact
     */
    public static List<Path> cut(Path directory, long lastSequence, Path copies) {
        var storage = new DiskStorage();
        try (var _ = storage.lock(directory)) {
            var files = new SegmentDirectory(directory, storage);
            var number = segmentOf(files, lastSequence);
            if (!storage.exists(copies)) {
                storage.makeDirectory(copies);
            }
            var target = new SegmentDirectory(copies, storage);
            var copied = new ArrayList<Path>();
            var changing =
                    files.numbers().stream().filter(each -> each >= number).toList();
            for (var each : changing) {
                copy(files.file(each), target.file(each), target);
                copied.add(target.file(each));
            }
            // The newest first, so that what a crash leaves is still a log without a gap.
            for (var each : changing.reversed()) {
                if (each > number) {
                    storage.delete(files.file(each));
                }
            }
            rewrite(files, number, lastSequence);
            return copied;
        } catch (IOException e) {
            throw new LogException.Failed("cannot cut " + directory + ": " + e, e);
        }
    }

    /** Takes what is left of a damaged log. */
    @FunctionalInterface
    public interface Salvaged {
        void accept(long sequence, byte[] payload);
    }

    /**
     * Reads what can still be proved behind a record, in all segments that are left. Of a damaged segment that is what its
     * checksums prove, also behind the damage: all but the damaged records, and those whose frame in front of them has a
     * damaged header.
     */
    public static void salvage(Path directory, long lastSequence, Salvaged consumer) {
        var files = new SegmentDirectory(directory, new DiskStorage());
        try {
            for (var number : files.numbers()) {
                try (var scan = SegmentScan.of(files, number, SegmentScan.WHOLE)) {
                    do {
                        while (scan.next()) {
                            if (scan.sequence() > lastSequence) {
                                consumer.accept(scan.sequence(), scan.payload());
                            }
                        }
                    } while (scan.resume());
                } catch (LogException.Corrupt | LogException.NewerFormat e) {
                    // Nothing can be told of a segment without its header.
                }
            }
        } catch (IOException e) {
            throw new LogException.Failed("cannot read " + directory + ": " + e, e);
        }
    }

    private static long segmentOf(SegmentDirectory files, long lastSequence) throws IOException {
        var found = -1L;
        for (var number = files.start().map(SegmentHeader::number).orElse(1L); ; number++) {
            try {
                if (SegmentScan.headerOf(files, number).firstSequence() > lastSequence + 1) {
                    break;
                }
                found = number;
            } catch (NoSuchFileException | LogException.Corrupt | LogException.NewerFormat e) {
                break;
            }
        }
        if (found < 0) {
            throw new IOException("not even the first segment's header is intact, so nothing can be kept");
        }
        return found;
    }

    private static void copy(Path from, Path to, SegmentDirectory target) throws IOException {
        try (var source = target.storage().openToRead(from)) {
            target.keep(to, file -> {
                var chunk = ByteBuffer.allocate(SegmentScan.WHOLE);
                for (long at = 0; at < source.size(); at += chunk.limit()) {
                    chunk.clear().limit((int) Math.min(chunk.capacity(), source.size() - at));
                    source.read(chunk, at);
                    file.write(chunk.flip(), at);
                }
            });
        }
    }

    /** The same segment with zeros behind a record, in the place of the old one. */
    private static void rewrite(SegmentDirectory files, long number, long lastSequence) throws IOException {
        try (var scan = SegmentScan.of(files, number, SegmentScan.WHOLE)) {
            while (scan.sequence() < lastSequence && scan.next()) {
                // Each proves itself on the way.
            }
            files.keep(files.file(number), file -> {
                for (var at = 0L; at < scan.end(); ) {
                    var bytes = scan.bytes(at, scan.end());
                    var count = bytes.remaining();
                    file.write(bytes, at);
                    at += count;
                }
                var zeros = ByteBuffer.allocate(SegmentScan.WHOLE);
                for (var at = scan.end(); at < scan.header().size(); at += zeros.limit()) {
                    zeros.clear().limit((int)
                            Math.min(zeros.capacity(), scan.header().size() - at));
                    file.write(zeros, at);
                }
            });
        }
    }
}
