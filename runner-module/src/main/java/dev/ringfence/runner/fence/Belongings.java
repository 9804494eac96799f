package dev.ringfence.runner.fence;

import dev.ringfence.runner.fence.cgroup.JobCgroup;
import dev.ringfence.runner.fence.egress.JobEgress;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jboss.logging.Logger;

/** What a job has on the host while it runs, given back when nothing of it is left. Used by one thread at a time. */
final class Belongings implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(Belongings.class);

    OptionalInt user = OptionalInt.empty();
    Optional<JobCgroup> group = Optional.empty();
    Optional<JobDirectory> directory = Optional.empty();
    Optional<JobEgress> proxy = Optional.empty();
    /** Device nodes. */
    List<Path> devices = List.of();

    Optional<DiskUse> disk = Optional.empty();

    private final Deque<AutoCloseable> closing = new ArrayDeque<>();

    <T extends AutoCloseable> T until(T thing) {
        closing.push(thing);
        return thing;
    }

    /** Does all of it, also when some fails. */
    @Override
    public void close() {
        while (!closing.isEmpty()) {
            try {
                closing.pop().close();
            } catch (Exception e) {
                // The rest is given back all the same.
                LOG.error("Something that a job had could not be given back", e);
            }
        }
    }
}
