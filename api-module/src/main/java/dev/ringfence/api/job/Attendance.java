package dev.ringfence.api.job;

import dev.ringfence.runner.engine.GenerationEvent;
import java.util.Objects;

/**
 * A caller who stays on the line until the job has ended, and for whom alone it is done. Such a caller hears everything
 * itself, so less may be kept for others.
 *
 * @param kept what others get to see: in the journal, in memory, and who watches the job
 */
public record Attendance(Listener listener, Kept kept) {
    public Attendance {
        Objects.requireNonNull(listener);
        Objects.requireNonNull(kept);
    }

    /** The caller's end of the line. */
    public interface Listener {
        /** Hears a model's answer as {@link dev.ringfence.runner.capability.OutputSink#answered} says. */
        void heard(GenerationEvent event);

        /** Hears why the work failed, in full, before the job has ended. Returns at once. */
        void failed(String message);
    }
}
