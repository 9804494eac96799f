package dev.ringfence.api;

import dev.ringfence.wal.journal.BlobStore;
import dev.ringfence.wal.journal.JournalObserver;
import java.time.Duration;
import org.jboss.logging.Logger;

/** Tells the operator what the journal does beside taking events. */
final class JournalLog implements JournalObserver {
    private static final Logger LOG = Logger.getLogger("dev.ringfence.journal");

    @Override
    public void unusable(String what, String why) {
        LOG.warnf("%s cannot be used, and what it says is found out anew: %s", what, why);
    }

    @Override
    public void replayed(long snapshot, long events, Duration took) {
        LOG.info(read(snapshot, events, took));
    }

    /** Few events of many would look like a loss where a snapshot says the rest. */
    static String read(long snapshot, long events, Duration took) {
        return snapshot == 0
                ? "the journal is read: %d events in %d ms".formatted(events, took.toMillis())
                : "the journal is read: a snapshot of all that was up to event %d, and %d events after it, in %d ms"
                        .formatted(snapshot, events, took.toMillis());
    }

    @Override
    public void snapshot(long sequence, Duration took) {
        LOG.debugf("a snapshot of the journal up to event %d in %d ms", sequence, took.toMillis());
    }

    @Override
    public void trouble(String what, Throwable why) {
        LOG.errorf(
                "the journal could not %s, and will try again: %s",
                what, why instanceof Exception ? why.getMessage() : why);
    }

    @Override
    public void discardedBefore(long sequence) {
        LOG.infof("events before %d were given up, as ringfence.journal.retention says", sequence);
    }

    @Override
    public void swept(BlobStore.Total blobs) {
        LOG.infof("%d outputs with %d bytes that no event names were removed", blobs.count(), blobs.bytes());
    }
}
