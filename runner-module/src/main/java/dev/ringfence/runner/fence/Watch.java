package dev.ringfence.runner.fence;

import java.time.Duration;

/**
 * What the service looks at regularly, because no control group limits it. Zero stands for what is limited otherwise, or
 * not at all.
 *
 * @param memoryBytes beyond which the job is ended
 * @param cores of processor time, beyond which the job is held until it is within them again
 * @param ioBytesPerSecond from and to block devices, beyond which the job is held
 * @param ioByGroup whether a control group holds what does not go through the cache
 * @param temporaryBytes the size of a file system in memory whose files count as memory
 * @param tasks processes and threads, beyond which the job is ended
 * @param countedTasks processes and threads, beyond which the kernel lets the job have one more, by which it shows
 * @param diskBytes in the job's directory, beyond which the job is ended
 */
record Watch(
        long memoryBytes,
        long temporaryBytes,
        double cores,
        long ioBytesPerSecond,
        boolean ioByGroup,
        long tasks,
        long countedTasks,
        long diskBytes) {
    static final Duration INTERVAL = Duration.ofMillis(25);

    /** Nothing is lost meanwhile: what a job is ahead it waits for. */
    static final Duration SLOW_INTERVAL = Duration.ofMillis(100);

    /** Between two looks; zero for none. */
    Duration interval() {
        if (memoryBytes > 0 || cores > 0 || tasks > 0 || countedTasks > 0 || diskBytes > 0) {
            return INTERVAL;
        }
        if (ioBytesPerSecond == 0) {
            return Duration.ZERO;
        }
        return ioByGroup ? SLOW_INTERVAL : INTERVAL;
    }
}
