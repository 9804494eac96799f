package dev.ringfence.runner.process;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jboss.logging.Logger;

/**
 * Waits for children that came to this process when their own parent ended, so that none stays in the process table and
 * in a job's count of processes. As the first process of a container also for those that are no job's, such as what a
 * probe leaves behind; there nobody else would.
 */
final class Orphans {
    private static final long EVERY_NANOS = Duration.ofMillis(500).toNanos();
    private static final Logger LOG = Logger.getLogger(Orphans.class);

    private Orphans() {}

    /** For the life of the service. */
    static void watch() {
        Thread.ofPlatform().name("orphans").daemon(true).stackSize(256 * 1024L).start(Orphans::look);
    }

    private static void look() {
        var strangers = Set.<Integer>of();
        while (true) {
            LockSupport.parkNanos(EVERY_NANOS);
            try {
                // One call and no look at /proc, as long as nobody has come.
                var ended = SystemCalls.endedChild();
                strangers =
                        ended.isPresent() && !Census.kept(ended.getAsInt()) ? Census.reapOrphans(strangers) : Set.of();
            } catch (RuntimeException e) {
                LOG.debugf("orphans could not be waited for, and are tried again: %s", e.getMessage());
            }
        }
    }
}
