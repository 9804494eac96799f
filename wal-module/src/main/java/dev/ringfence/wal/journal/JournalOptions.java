package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.LogOptions;
import java.util.Objects;

/**
 * How a journal is kept.
 *
 * @param maxEventBytes a larger event is refused; the log below must take that much and {@value EventRecord#LINK_BYTES}
 *     bytes more
 * @param endedJobs how many ended jobs a recovery returns, and how many the journal remembers to refuse a second end
 * @param endedJobsBytes how many bytes of events the ended jobs that a recovery returns may have together
 * @param log how the bytes are kept
 */
public record JournalOptions(int maxEventBytes, int endedJobs, long endedJobsBytes, LogOptions log) {
    public JournalOptions {
        Objects.requireNonNull(log);
        if (maxEventBytes < 1 || endedJobs < 0 || endedJobsBytes < 0) {
            throw new IllegalArgumentException("maxEventBytes must be at least 1, endedJobs and endedJobsBytes 0");
        }
        if (log.maxPayloadBytes() - EventRecord.LINK_BYTES < maxEventBytes) {
            throw new IllegalArgumentException("The log takes " + log.maxPayloadBytes() + " bytes; events of "
                    + maxEventBytes + " (maxEventBytes) need " + EventRecord.LINK_BYTES + " more");
        }
    }

    /** Events up to 4 MiB, 10,000 ended jobs with up to 64 MiB of events, segments of 16 MiB. */
    public static JournalOptions defaults() {
        int event = 4 << 20;
        return new JournalOptions(
                event, 10_000, 64 << 20, LogOptions.defaults().withSizes(16 << 20, event + EventRecord.LINK_BYTES));
    }

    /** These options with other segments and events. */
    public JournalOptions withSizes(int segmentBytes, int newMaxEventBytes) {
        return new JournalOptions(
                newMaxEventBytes,
                endedJobs,
                endedJobsBytes,
                log.withSizes(segmentBytes, newMaxEventBytes + EventRecord.LINK_BYTES));
    }

    /** These options with other bounds of what is kept of ended jobs. */
    public JournalOptions withEndedJobs(int jobs, long bytes) {
        return new JournalOptions(maxEventBytes, jobs, bytes, log);
    }

    /** These options with another log below. */
    public JournalOptions withLog(LogOptions newLog) {
        return new JournalOptions(maxEventBytes, endedJobs, endedJobsBytes, newLog);
    }
}
