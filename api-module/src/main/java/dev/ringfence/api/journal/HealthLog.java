package dev.ringfence.api.journal;

import dev.ringfence.wal.log.Health;
import dev.ringfence.wal.log.LogObserver;
import java.nio.file.Path;
import java.time.Duration;
import org.jboss.logging.Logger;

/**
 * Tells in the service's log that one of its journals cannot be written, and when that is over. On a disk that is nearly
 * full each may follow the other with every request, so after an end the next beginning is told a minute later at the
 * earliest. For one journal; thread-safe.
 */
public final class HealthLog implements LogObserver {
    private static final Logger LOG = Logger.getLogger(HealthLog.class);
    private static final long QUIET = Duration.ofMinutes(1).toNanos();

    private final LogObserver other;

    // Guarded by this.
    private boolean told;
    private boolean quiet;
    private long quietSince;

    /** @param other sees all the same */
    public HealthLog(LogObserver other) {
        this.other = other;
    }

    @Override
    public void synced(int records, long bytes, Duration write, Duration sync) {
        other.synced(records, bytes, write, sync);
    }

    @Override
    public void rotated(long segment, Duration duration) {
        other.rotated(segment, duration);
    }

    @Override
    public void turned(Path directory, Health now) {
        tell(directory, now);
        other.turned(directory, now);
    }

    private synchronized void tell(Path directory, Health now) {
        switch (now) {
            case Health.Full full -> {
                quiet = quiet && System.nanoTime() - quietSince < QUIET;
                if (!told && !quiet) {
                    told = true;
                    LOG.warnf("The service is not ready, and takes no jobs, until there is room: %s", full.reason());
                }
            }
            case Health.Writable _ -> {
                if (told) {
                    told = false;
                    quiet = true;
                    quietSince = System.nanoTime();
                    LOG.infof("There is room again, and %s is written", directory);
                }
            }
            case Health.Failed failed ->
                LOG.errorf(
                        "The service is not ready, and writes no more there, until it is started anew: %s",
                        failed.reason());
            case Health.Closed _ -> {}
        }
    }
}
