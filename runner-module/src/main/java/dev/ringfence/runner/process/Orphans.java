package dev.ringfence.runner.process;

import java.time.Duration;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jboss.logging.Logger;

/**
 * Waits for children that came to this process when their own parent ended, so that none stays in the process table and
 * in a job's count of processes. As the first process of a container also for those that are no job's, such as what a
 * probe leaves behind; there nobody else would. Thread-safe.
 */
public final class Orphans implements AutoCloseable {
    private static final long EVERY_NANOS = Duration.ofMillis(500).toNanos();
    private static final Duration LAST_LOOK = Duration.ofSeconds(5);
    private static final Logger LOG = Logger.getLogger(Orphans.class);

    private final Thread thread;
    private volatile boolean over;

    private Orphans() {
        thread = Thread.ofPlatform()
                .name("orphans")
                .daemon(true)
                .stackSize(256 * 1024L)
                .unstarted(this::watch);
    }

    /** From now on orphans of jobs become children of this process, wherever it runs, and are waited for. */
    public static Orphans adopt() {
        SystemCalls.adoptOrphans();
        var orphans = new Orphans();
        orphans.thread.start();
        return orphans;
    }

    private void watch() {
        var strangers = Set.<Integer>of();
        var before = OptionalInt.empty();
        while (true) {
            LockSupport.parkNanos(EVERY_NANOS);
            if (over) {
                return;
            }
            try {
                // One call and no look at /proc, as long as nobody has come.
                var ended = SystemCalls.endedChild();
                // The same one a second time: its keeper is late, and others may wait behind it.
                boolean orphans = ended.isPresent() && (!Census.kept(ended.getAsInt()) || ended.equals(before));
                strangers = orphans ? Census.reapOrphans(strangers) : Set.of();
                before = ended;
            } catch (RuntimeException e) {
                LOG.debugf("orphans could not be waited for, and are tried again: %s", e.getMessage());
            }
        }
    }

    /**
     * Waits for none any more. Whoever starts processes later in this process, and is not known here, would find their
     * ends taken away otherwise.
     */
    @Override
    public void close() {
        over = true;
        LockSupport.unpark(thread);
        try {
            if (!thread.join(LAST_LOOK)) {
                LOG.warn("the look for orphans did not end in time");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
