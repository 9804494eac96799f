package dev.ringfence.runner.fence;

import dev.ringfence.runner.fence.cgroup.JobCgroup;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.OptionalInt;
import org.jboss.logging.Logger;

/** What a job has on the host while it runs, given back when nothing of it is left. Used by one thread at a time. */
final class Belongings implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(Belongings.class);

    OptionalInt user = OptionalInt.empty();
    Optional<JobCgroup> group = Optional.empty();
    Optional<JobDirectory> directory = Optional.empty();

    private final Deque<AutoCloseable> closing = new ArrayDeque<>();

    void onClose(AutoCloseable action) {
        closing.push(action);
    }

    /** Does all of it, also when some fails. */
    @Override
    public void close() {
        while (!closing.isEmpty()) {
            try {
                closing.pop().close();
            } catch (Exception e) {
                LOG.warnf(e, "a part of an ended job could not be removed");
            }
        }
    }
}
