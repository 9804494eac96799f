package dev.ringfence.api.job;

import dev.ringfence.wal.journal.JobEvent;
import io.smallrye.mutiny.Uni;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What has to be so before a submission may be made durable. Thread-safe. */
public interface Preparation {
    /** Nothing has to be so. */
    Preparation NONE = new Preparation() {
        @Override
        public Uni<@Nullable Void> before(JobEvent.Submitted submission) {
            return Uni.createFrom().nullItem();
        }
    };

    /**
     * Sees to it. Is not asked for a submission that turns out to be one that is known.
     *
     * @return an item once it is so; or a failure, with which the submission fails: an {@link AdmissionException} when the
     *     caller can do something about it
     */
    Uni<@Nullable Void> before(JobEvent.Submitted submission);

    /**
     * Finds out whether there is something that the caller would have to mend first, and does nothing about it.
     *
     * @throws AdmissionException as {@link #before} would fail
     */
    default void check(JobEvent.Submitted submission) {}

    /** Hears, once for each item of {@link #before}, whether the submission is durable now or was given up. */
    default void settled(JobEvent.Submitted submission, boolean durable) {}

    /** One after the other. */
    static Preparation all(List<Preparation> preparations) {
        return preparations.stream().reduce(NONE, Both::new);
    }

    /** Two, in order. */
    record Both(Preparation first, Preparation second) implements Preparation {
        @Override
        public Uni<@Nullable Void> before(JobEvent.Submitted submission) {
            return first.before(submission)
                    .flatMap(_ -> second.before(submission).onFailure().invoke(() -> first.settled(submission, false)));
        }

        @Override
        public void check(JobEvent.Submitted submission) {
            first.check(submission);
            second.check(submission);
        }

        @Override
        public void settled(JobEvent.Submitted submission, boolean durable) {
            second.settled(submission, durable);
            first.settled(submission, durable);
        }
    }
}
