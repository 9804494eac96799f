package dev.ringfence.runner.fence;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jboss.logging.Logger;

/** What a job has of the service until nothing of it is left; given back in the opposite order. Used by one thread. */
final class Lent implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(Lent.class);

    private final Deque<AutoCloseable> things = new ArrayDeque<>();

    <T extends AutoCloseable> T until(T thing) {
        things.push(thing);
        return thing;
    }

    @Override
    public void close() {
        while (!things.isEmpty()) {
            try {
                things.pop().close();
            } catch (Exception e) {
                // The rest is given back all the same.
                LOG.error("Something that a job had could not be given back", e);
            }
        }
    }
}
