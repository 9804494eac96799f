package dev.ringfence.wal.log;

import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executor;

/**
 * How a log is kept.
 *
 * @param segmentBytes the size of each new segment, reserved when it is made; must hold the largest record
 * @param segmentAge a segment whose first record is older is closed although it has room, at an append, as soon as there is
 *     a file for the next one: so that what is old can be discarded
 * @param maxPayloadBytes a larger record is refused
 * @param queueRecords how many records may wait for their acknowledgement; one more is refused
 * @param queueBytes how many bytes the waiting records may hold together; a single record may always wait
 * @param acknowledgements runs the code of those who wait for an append, in order. If that code blocks, later
 *     acknowledgements wait, the writer does not, and in the end the queue is full. Who waits for appends with nothing
 *     but quick code can have it run on the writer thread itself ({@code Runnable::run}), which spares the wake-up of
 *     another
 * @param clock gives the time of each record
 * @param observer sees what the writer does
 * @param storage where the bytes are
 */
public record LogOptions(
        int segmentBytes,
        Duration segmentAge,
        int maxPayloadBytes,
        int queueRecords,
        long queueBytes,
        Executor acknowledgements,
        Clock clock,
        LogObserver observer,
        Storage storage) {
    private static final int LARGEST_SEGMENT = 1 << 30;
    private static final Duration ANY = Duration.ofMillis(Long.MAX_VALUE);

    public LogOptions {
        Objects.requireNonNull(acknowledgements);
        Objects.requireNonNull(clock);
        Objects.requireNonNull(observer);
        Objects.requireNonNull(storage);
        requirePositive("segmentAge", segmentAge.toMillis());
        requirePositive("maxPayloadBytes", maxPayloadBytes);
        requirePositive("queueRecords", queueRecords);
        requirePositive("queueBytes", queueBytes);
        if (segmentBytes > LARGEST_SEGMENT || segmentBytes % Frame.ALIGNMENT != 0) {
            throw new IllegalArgumentException("segmentBytes must be a multiple of " + Frame.ALIGNMENT + " up to "
                    + LARGEST_SEGMENT + ", not " + segmentBytes);
        }
        if (segmentBytes - SegmentHeader.SIZE < Frame.sizeOf(maxPayloadBytes)) {
            throw new IllegalArgumentException("A segment of " + segmentBytes + " bytes cannot hold a payload of "
                    + maxPayloadBytes + " (maxPayloadBytes)");
        }
    }

    /** Segments of 16 MiB and any age, payloads up to 4 MiB, 4,096 records or 64 MiB waiting, virtual threads, no observer. */
    public static LogOptions defaults() {
        Executor virtual = Thread.ofVirtual().name("wal-acknowledge-", 0)::start;
        return new LogOptions(
                16 << 20,
                ANY,
                4 << 20,
                4_096,
                64 << 20,
                virtual,
                Clock.systemUTC(),
                LogObserver.none(),
                Storage.disk());
    }

    /** These options with other sizes. */
    public LogOptions withSizes(int newSegmentBytes, int newMaxPayloadBytes) {
        return new LogOptions(
                newSegmentBytes,
                segmentAge,
                newMaxPayloadBytes,
                queueRecords,
                queueBytes,
                acknowledgements,
                clock,
                observer,
                storage);
    }

    /** These options with another age of segments. */
    public LogOptions withSegmentAge(Duration newSegmentAge) {
        return new LogOptions(
                segmentBytes,
                newSegmentAge,
                maxPayloadBytes,
                queueRecords,
                queueBytes,
                acknowledgements,
                clock,
                observer,
                storage);
    }

    /** These options with another bound of what may wait. */
    public LogOptions withQueue(int newQueueRecords, long newQueueBytes) {
        return new LogOptions(
                segmentBytes,
                segmentAge,
                maxPayloadBytes,
                newQueueRecords,
                newQueueBytes,
                acknowledgements,
                clock,
                observer,
                storage);
    }

    /** These options with another place to run the waiters' code. */
    public LogOptions withAcknowledgements(Executor newAcknowledgements) {
        return new LogOptions(
                segmentBytes,
                segmentAge,
                maxPayloadBytes,
                queueRecords,
                queueBytes,
                newAcknowledgements,
                clock,
                observer,
                storage);
    }

    /** These options with another clock. */
    public LogOptions withClock(Clock newClock) {
        return new LogOptions(
                segmentBytes,
                segmentAge,
                maxPayloadBytes,
                queueRecords,
                queueBytes,
                acknowledgements,
                newClock,
                observer,
                storage);
    }

    /** These options with another observer. */
    public LogOptions withObserver(LogObserver newObserver) {
        return new LogOptions(
                segmentBytes,
                segmentAge,
                maxPayloadBytes,
                queueRecords,
                queueBytes,
                acknowledgements,
                clock,
                newObserver,
                storage);
    }

    /** These options with another disk. */
    public LogOptions withStorage(Storage newStorage) {
        return new LogOptions(
                segmentBytes,
                segmentAge,
                maxPayloadBytes,
                queueRecords,
                queueBytes,
                acknowledgements,
                clock,
                observer,
                newStorage);
    }

    private static void requirePositive(String name, long value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be at least 1, not " + value);
        }
    }
}
