package dev.ringfence.api.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;

/** An item of what the watchers of a job hear, in order. Outside it is called an event; here those are the journal's. */
public sealed interface JobNews {
    /** Counts up from 1 within the job; where numbers are missing, {@link Dropped} says so. The same after a restart. */
    long sequence();

    Instant at();

    /** The job came to a new state; the last one is the state it ends in. */
    record Changed(long sequence, Instant at, JobView job) implements JobNews {}

    /** The work put something out. */
    record Output(long sequence, Instant at, String channel, String text) implements JobNews {}

    /**
     * Why the work has not come further yet.
     *
     * @param phase a word, such as {@code loading}
     * @param data what is known about it; not to be changed
     */
    record Progress(long sequence, Instant at, String phase, ObjectNode data) implements JobNews {}

    /** Output before this was dropped, since the job put out more than is kept, or the service was restarted. */
    record Dropped(long sequence, Instant at, long firstKept) implements JobNews {}

    /** Whether nothing follows. */
    default boolean last() {
        return this instanceof Changed changed && changed.job().state().ended();
    }
}
