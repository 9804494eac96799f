package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What can still be proved of a log, also of one that cannot be recovered. Changes nothing and needs no lock, so of a log
 * that is in use it sees what is there at some moment.
 */
public final class LogRemains {
    private final SegmentDirectory files;

    LogRemains(SegmentDirectory files) {
        this.files = files;
    }

    /** What is in a directory. */
    public static LogRemains of(Path directory, Storage storage) {
        return new LogRemains(new SegmentDirectory(directory, storage));
    }

    /** Takes records in order. */
    @FunctionalInterface
    public interface Visitor {
        /** Returns whether to go on. */
        boolean visit(long sequence, byte[] payload);
    }

    /**
     * How far the log can be read.
     *
     * @param begins whether there is anything to begin with; otherwise nothing can be kept
     * @param firstSequence of the first record, if there is one
     * @param lastSequence of the last record that was read; the one before the first if none was
     * @param file where the reading ended, or where what should follow is missing
     * @param offset in that file: of the record with which the visitor ended the reading, or else behind the last one; 0 if
     *     nothing of the file could be read
     * @param damage what is wrong there; null if nothing is
     * @param mends what was read all the same, as if it were mended
     */
    public record Extent(
            boolean begins,
            long firstSequence,
            long lastSequence,
            Path file,
            long offset,
            @Nullable String damage,
            List<Mend> mends) {
        public Extent {
            mends = List.copyOf(mends);
        }
    }

    /** Damage that says nothing which is not said elsewhere, so that it can be written again. */
    public static final class Mend {
        private final Path file;
        private final SegmentHeader header;
        private final boolean wasMissing;

        private Mend(Path file, SegmentHeader header, boolean wasMissing) {
            this.file = file;
            this.header = header;
            this.wasMissing = wasMissing;
        }

        /** What is damaged. */
        public Path file() {
            return file;
        }

        /** The first record that it is about. */
        public long sequence() {
            return header.firstSequence();
        }

        /**
         * Whether it is {@code log.start}, which is a copy of the first segment's header. The first segment that is there
         * may be another one than it named: it cannot be told from the log alone whether one in front of it was discarded
         * or is missing.
         */
        public boolean isStart() {
            return !file.getFileName().toString().endsWith(SegmentDirectory.SUFFIX);
        }

        /** Whether it is not there at all. */
        public boolean wasMissing() {
            return wasMissing;
        }

        SegmentHeader header() {
            return header;
        }
    }

    /**
     * Where the log begins.
     *
     * @param first the first segment's header, if that is known without looking at the segment
     * @param mend whether {@code log.start} has to be written again
     */
    private record Beginning(long number, Optional<SegmentHeader> first, boolean mend, boolean missing) {}

    /**
     * Reads from the beginning on, up to the first damage that cannot be mended. A write that never finished is no damage.
     * A damaged header of a segment is mended where all that it says is known, from the segment before it or from {@code
     * log.start}, and the segment's first record proves it.
     *
     * @param visitor what it throws ends the reading and is passed on
     * @throws LogException.NewerFormat if a newer version wrote the log
     * @throws LogException.NoSpace if too many files are open
     * @throws LogException.Failed if reading fails
     */
    public Extent read(Visitor visitor) {
        try {
            return new Walk(visitor).run();
        } catch (IOException e) {
            throw files.readFailure(e);
        }
    }

    /** Where a record stands, or the end of what can be read if it is not there; otherwise like {@link #read}. */
    public Extent locate(long wanted) {
        return read((sequence, _) -> sequence < wanted);
    }

    private Beginning beginning(List<Long> numbers) throws IOException {
        var lowest = numbers.isEmpty() ? 1 : numbers.getFirst();
        try {
            var start = files.start();
            if (start.isPresent()) {
                return new Beginning(start.get().number(), start, false, false);
            }
            var first = lowest == 1 ? firstOfAll() : Optional.<SegmentHeader>empty();
            return new Beginning(lowest, first, lowest > 1, true);
        } catch (LogException.Corrupt _) {
            return new Beginning(lowest, lowest == 1 ? firstOfAll() : Optional.empty(), true, false);
        }
    }

    private Optional<SegmentHeader> firstOfAll() throws IOException {
        try {
            return Optional.of(new SegmentHeader(1, 1, 0, files.storage().size(files.file(1))));
        } catch (NoSuchFileException _) {
            return Optional.empty();
        }
    }

    /** One reading. */
    private final class Walk {
        private final Visitor visitor;
        private final List<Mend> mends = new ArrayList<>();
        private long number;
        private @Nullable SegmentScan scan;
        private boolean begins;
        private long first = 1;
        private long last;
        private long end;

        Walk(Visitor visitor) {
            this.visitor = visitor;
        }

        Extent run() throws IOException {
            var numbers = files.numbers();
            var beginning = beginning(numbers);
            number = beginning.number();
            first = beginning.first().map(SegmentHeader::firstSequence).orElse(1L);
            last = first - 1;
            try {
                var newest = numbers.isEmpty() ? number : Math.max(number, numbers.getLast());
                if (numbers.isEmpty() && beginning.first().isEmpty() && !beginning.mend()) {
                    // There has been no room for the first segment yet.
                    return at(null);
                }
                begin(beginning);
                while (true) {
                    var reading = current();
                    while (reading.next()) {
                        last = reading.sequence();
                        if (!visitor.visit(last, reading.payload())) {
                            end = reading.start();
                            return at(null);
                        }
                        end = reading.end();
                    }
                    if (number == newest) {
                        return atEnd(reading);
                    }
                    if (!goOn(reading)) {
                        return at("the next segment does not follow what can be read");
                    }
                }
            } catch (NoSuchFileException _) {
                return at("the segment is missing");
            } catch (LogException.Corrupt e) {
                return at(e.getMessage());
            } finally {
                if (scan != null) {
                    scan.close();
                }
            }
        }

        private void begin(Beginning beginning) throws IOException {
            var opened = open(number, beginning.first(), this::mend);
            scan = opened;
            var header = opened.header();
            if (!beginning.mend()
                    && beginning.first().filter(known -> !known.equals(header)).isPresent()) {
                throw new LogException.Corrupt(
                        files.file(number), 0, "the segment is not the one that the log begins with", Remedy.RESTORE);
            }
            begins = true;
            first = header.firstSequence();
            last = first - 1;
            end = SegmentHeader.SIZE;
            if (beginning.mend()) {
                mends.addFirst(new Mend(files.startFile(), header, beginning.missing()));
            }
        }

        /** Moves to the next segment; false if that does not follow. */
        private boolean goOn(SegmentScan before) throws IOException {
            var path = files.file(number + 1);
            if (before.rest() > 0) {
                return false;
            }
            number++;
            end = 0;
            var next = open(number, before.follower(files.storage().size(path)), this::mend);
            if (!before.isFollowedBy(next.header())) {
                next.close();
                number--;
                end = before.end();
                return false;
            }
            before.close();
            scan = next;
            end = SegmentHeader.SIZE;
            return true;
        }

        private void mend(SegmentHeader header) {
            mends.add(new Mend(files.file(number), header, false));
        }

        private SegmentScan current() {
            if (scan == null) {
                throw new IllegalStateException("no segment is open");
            }
            return scan;
        }

        private Extent atEnd(SegmentScan reading) throws IOException {
            var stray = reading.strayFrame();
            return at(
                    stray.isEmpty()
                            ? null
                            : "record " + (last + 1) + " is damaged, and a later one stands at " + stray.getAsLong());
        }

        private Extent at(@Nullable String damage) {
            return new Extent(begins, first, last, files.file(number), end, damage, mends);
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
     * damaged header. Of a segment whose own header is damaged it is something only where {@link #read} could mend it.
     */
    public void salvage(long lastSequence, Salvaged consumer) {
        try {
            var numbers = files.numbers();
            var known = beginning(numbers).first();
            for (var number : numbers) {
                var next = number + 1;
                var expected = known.filter(header -> header.number() == number);
                known = Optional.empty();
                try (var scan = open(number, expected, _ -> {})) {
                    do {
                        while (scan.next()) {
                            if (scan.sequence() > lastSequence) {
                                consumer.accept(scan.sequence(), scan.payload());
                            }
                        }
                    } while (scan.resume());
                    if (numbers.contains(next)) {
                        known = scan.follower(files.storage().size(files.file(next)));
                    }
                } catch (NoSuchFileException | LogException.Corrupt | LogException.NewerFormat e) {
                    // Nothing can be told of a segment without its header.
                }
            }
        } catch (IOException e) {
            throw files.readFailure(e);
        }
    }

    /**
     * @param known what the header has to be, where it can be told
     * @param assumed hears of that header when it is taken instead of the segment's own, which is damaged
     */
    private SegmentScan open(long number, Optional<SegmentHeader> known, Consumer<SegmentHeader> assumed)
            throws IOException {
        try {
            return SegmentScan.of(files, number, SegmentScan.WHOLE);
        } catch (LogException.Corrupt e) {
            if (known.isEmpty()) {
                throw e;
            }
            var scan = SegmentScan.assuming(files, known.get(), SegmentScan.WHOLE);
            assumed.accept(known.get());
            return scan;
        }
    }
}
