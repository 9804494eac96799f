package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.LogOptions;
import java.time.Duration;
import java.util.Objects;
import java.util.function.LongSupplier;

/**
 * How a journal is kept.
 *
 * @param maxEventBytes a larger event is refused; the log below must take that much and {@value EventRecord#LINK_BYTES}
 *     bytes more
 * @param snapshotEvents after this many events a snapshot is written, so that a restart reads no more than about that many
 * @param retentionAge events older than this are given up, as far as no live job needs them, a segment at a time:
 *     {@link #withRetention} makes segments close in time for that. Only the time counts during which the journal was open
 * @param retentionBytes when the log and the blobs have more bytes, the oldest events are given up, as far as no live job
 *     needs them
 * @param indexRows how many ended jobs a file of the index has; as many may be in memory
 * @param nanoTime the clock that retention goes by: nanoseconds from any moment on, which nobody can set
 * @param log how the bytes are kept
 */
public record JournalOptions(
        int maxEventBytes,
        int snapshotEvents,
        Duration retentionAge,
        long retentionBytes,
        int indexRows,
        LongSupplier nanoTime,
        LogOptions log,
        JournalObserver observer) {
    private static final Duration AGE = Duration.ofDays(30);
    private static final Duration LEAST_SEGMENT_AGE = Duration.ofHours(1);

    public JournalOptions {
        Objects.requireNonNull(nanoTime);
        Objects.requireNonNull(log);
        Objects.requireNonNull(observer);
        if (maxEventBytes < 1 || snapshotEvents < 1 || indexRows < 1) {
            throw new IllegalArgumentException("maxEventBytes, snapshotEvents and indexRows must be at least 1");
        }
        if (retentionAge.isNegative() || retentionAge.isZero() || retentionBytes < 1) {
            throw new IllegalArgumentException("retentionAge and retentionBytes must be more than 0");
        }
        if (log.maxPayloadBytes() - EventRecord.LINK_BYTES < maxEventBytes) {
            throw new IllegalArgumentException("The log takes " + log.maxPayloadBytes() + " bytes; events of "
                    + maxEventBytes + " (maxEventBytes) need " + EventRecord.LINK_BYTES + " more");
        }
    }

    /** Events up to 4 MiB in segments of 16 MiB, a snapshot after 20,000 events, 30 days, 10 GiB. */
    public static JournalOptions defaults() {
        int event = 4 << 20;
        return new JournalOptions(
                event,
                20_000,
                AGE,
                10L << 30,
                JournalState.RUN_ROWS,
                System::nanoTime,
                // Behind an append the journal only folds the event and wakes who waits for it.
                LogOptions.defaults()
                        .withSizes(16 << 20, event + EventRecord.LINK_BYTES)
                        .withSegmentAge(segmentAge(AGE))
                        .withAcknowledgements(Runnable::run),
                JournalObserver.none());
    }

    /** These options with other segments and events. */
    public JournalOptions withSizes(int segmentBytes, int newMaxEventBytes) {
        return new JournalOptions(
                newMaxEventBytes,
                snapshotEvents,
                retentionAge,
                retentionBytes,
                indexRows,
                nanoTime,
                log.withSizes(segmentBytes, newMaxEventBytes + EventRecord.LINK_BYTES),
                observer);
    }

    /** These options with other snapshots. */
    public JournalOptions withSnapshots(int events, int newIndexRows) {
        return new JournalOptions(
                maxEventBytes, events, retentionAge, retentionBytes, newIndexRows, nanoTime, log, observer);
    }

    /** These options with other bounds of what is kept. */
    public JournalOptions withRetention(Duration age, long bytes) {
        return new JournalOptions(
                maxEventBytes,
                snapshotEvents,
                age,
                bytes,
                indexRows,
                nanoTime,
                log.withSegmentAge(segmentAge(age)),
                observer);
    }

    /** These options with another clock for retention. */
    JournalOptions withNanoTime(LongSupplier newNanoTime) {
        return new JournalOptions(
                maxEventBytes, snapshotEvents, retentionAge, retentionBytes, indexRows, newNanoTime, log, observer);
    }

    /** A tenth of the events' age, which is how late at most they then go; but each segment takes its space on the disk. */
    private static Duration segmentAge(Duration age) {
        var tenth = age.dividedBy(10);
        var enough = tenth.compareTo(LEAST_SEGMENT_AGE) < 0 ? LEAST_SEGMENT_AGE : tenth;
        return enough.compareTo(age) < 0 ? enough : age;
    }

    /** These options with another log below. */
    public JournalOptions withLog(LogOptions newLog) {
        return new JournalOptions(
                maxEventBytes, snapshotEvents, retentionAge, retentionBytes, indexRows, nanoTime, newLog, observer);
    }

    /** These options with someone who hears what the journal does. */
    public JournalOptions withObserver(JournalObserver newObserver) {
        return new JournalOptions(
                maxEventBytes, snapshotEvents, retentionAge, retentionBytes, indexRows, nanoTime, log, newObserver);
    }
}
