package dev.ringfence.api.job;

/** Hears of jobs' ways, for metrics. Called on the jobs' threads; must be quick and not throw. */
public interface JobObserver {
    /** Hears nothing. */
    JobObserver NONE = new JobObserver() {};

    /** A job was acknowledged. */
    default void submitted(JobView job) {}

    /** A job was not admitted. */
    default void refused(String slug) {}

    /** A job came to its end. */
    default void ended(JobView job) {}
}
