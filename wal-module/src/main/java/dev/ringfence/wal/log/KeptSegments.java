package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The segments that a log consists of: from the first one that was not discarded to the newest, without a gap. */
final class KeptSegments {
    private final SegmentDirectory directory;
    private final List<Long> numbers;

    private KeptSegments(SegmentDirectory directory, List<Long> numbers) {
        this.directory = directory;
        this.numbers = numbers;
    }

    /**
     * @throws LogException.Corrupt if a segment is missing, also where there is none and what was cut off from one is there,
     *     or the first one is not the one that it has to be
     */
    static KeptSegments of(SegmentDirectory directory) throws IOException {
        while (true) {
            var start = directory.start();
            try {
                return beginningAt(start, directory);
            } catch (LogException.Corrupt | NoSuchFileException e) {
                // Unless older ones were discarded while this looked at them.
                if (directory.start().equals(start)) {
                    throw e;
                }
            }
        }
    }

    private static KeptSegments beginningAt(Optional<SegmentHeader> start, SegmentDirectory directory)
            throws IOException {
        var first = start.map(SegmentHeader::number).orElse(1L);
        // A discarding that was cut short may have left some of the older ones.
        var numbers =
                directory.numbers().stream().filter(number -> number >= first).toList();
        if (numbers.isEmpty() && start.isEmpty() && !directory.hadSegments()) {
            return new KeptSegments(directory, numbers);
        }
        for (int i = 0; i < Math.max(1, numbers.size()); i++) {
            if (i >= numbers.size() || numbers.get(i) != first + i) {
                throw new LogException.Corrupt(directory.file(first + i), 0, "the segment is missing", Remedy.RESTORE);
            }
        }
        if (start.isPresent() && !SegmentScan.headerOf(directory, first).equals(start.get())) {
            throw new LogException.Corrupt(
                    directory.file(first), 0, "the segment is not the one that the log begins with", Remedy.RESTORE);
        }
        return new KeptSegments(directory, numbers);
    }

    /** The oldest segment's number; there must be one. */
    long first() {
        return numbers.getFirst();
    }

    /** The newest segment's number; there must be one. */
    long last() {
        return numbers.getLast();
    }

    boolean isEmpty() {
        return numbers.isEmpty();
    }

    /** @throws LogException.Corrupt if a header is damaged or does not come after the one before */
    List<SegmentHeader> headers() throws IOException {
        var headers = new ArrayList<SegmentHeader>(numbers.size());
        for (var number : numbers) {
            var header = SegmentScan.headerOf(directory, number);
            if (!headers.isEmpty() && header.firstSequence() < headers.getLast().firstSequence()) {
                throw new LogException.Corrupt(
                        directory.file(number), 0, "the segment is older than the one before it", Remedy.RESTORE);
            }
            headers.add(header);
        }
        return headers;
    }

    /**
     * The headers from the segment on that has the record before the wanted one, or from the first on. They are enough
     * to read the wanted record and to know what it follows.
     */
    static List<SegmentHeader> from(List<SegmentHeader> headers, long sequence) {
        var first = headers.size() - 1;
        while (first > 0 && headers.get(first).firstSequence() >= sequence) {
            first--;
        }
        return headers.subList(first, headers.size());
    }
}
