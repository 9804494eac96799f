package dev.ringfence.api.job;

/** Hears of jobs' ways, for metrics. Called on the jobs' threads; must be quick and not throw. */
public interface JobObserver {
    /** Two, of which the first hears first. */
    static JobObserver both(JobObserver first, JobObserver second) {
        return new JobObserver() {
            @Override
            public void submitted(JobView job) {
                first.submitted(job);
                second.submitted(job);
            }

            @Override
            public void refused(String slug) {
                first.refused(slug);
                second.refused(slug);
            }

            @Override
            public void ended(JobView job) {
                first.ended(job);
                second.ended(job);
            }
        };
    }

    /** A job was acknowledged. */
    default void submitted(JobView job) {}

    /** A job was not admitted. */
    default void refused(String slug) {}

    /** A job came to its end. */
    default void ended(JobView job) {}
}
