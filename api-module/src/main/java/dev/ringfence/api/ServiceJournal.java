package dev.ringfence.api;

import dev.ringfence.api.journal.DataProof;
import dev.ringfence.api.journal.HealthLog;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.journal.JournalException;
import dev.ringfence.wal.journal.JournalOptions;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.LogObserver;
import dev.ringfence.wal.log.Tail;
import java.nio.file.Path;
import org.jboss.logging.Logger;

/** The service's journal: how its files are laid out, and how it is opened. */
public final class ServiceJournal {
    private static final Logger LOG = Logger.getLogger(ServiceJournal.class);
    private static final int SEGMENT_BYTES = 32 << 20;

    /** A request's body or a model's longest answer, each character escaped to six, with room. */
    private static final int EVENT_BYTES = 16 << 20;

    private ServiceJournal() {}

    /** As everything opens it that writes to it. */
    public static JournalOptions options() {
        return JournalOptions.defaults().withSizes(SEGMENT_BYTES, EVENT_BYTES);
    }

    /**
     * Recovers it.
     *
     * @throws StartupFailure when it cannot be read or written
     */
    static Journal.Recovered recover(Path directory, RingfenceConfig.JournalKeeping keeping, LogObserver observer) {
        var options = options();
        var retention = keeping.retention();
        try {
            var recovered = Journal.recover(
                    directory,
                    options.withSnapshots(keeping.snapshot().events(), options.indexRows())
                            .withObserver(new JournalLog())
                            .withLog(options.log().withObserver(new HealthLog(observer)))
                            // After the log, whose segments it makes close in time.
                            .withRetention(retention.age(), retention.size().asLongValue()));
            if (recovered.tail() instanceof Tail.Torn torn) {
                LOG.warnf(
                        "the journal ended in a write that was never finished or acknowledged: cut at %d of %s, kept in %s",
                        torn.cutAt(), torn.file(), torn.copy());
            }
            return recovered;
        } catch (LogException.Corrupt e) {
            throw new StartupFailure(e.getMessage() + "; " + DataProof.repair(directory), e);
        } catch (LogException | JournalException e) {
            throw new StartupFailure(String.valueOf(e.getMessage()), e);
        }
    }
}
