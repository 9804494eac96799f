package dev.ringfence.runner.telemetry;

/**
 * How high the host's load may be for new jobs to be let in.
 *
 * @param cpu percent of the processors that others than this service and its jobs use; its own work waits its turn anyway
 * @param memory percent of the host's memory, or of the control group's limit, in use
 * @param cpuPressure percent of time in which some work waited for a processor
 * @param memoryPressure percent of time in which all work waited for memory
 * @param ioPressure percent of time in which all work waited for a disk
 * @param zombies processes that have ended and that nobody waited for
 * @param diskFree bytes that must be free where the data is
 * @param resume what a reading must come down to before jobs are let in again, in percent of its limit
 */
public record GuardLimits(
        double cpu,
        double memory,
        double cpuPressure,
        double memoryPressure,
        double ioPressure,
        int zombies,
        long diskFree,
        double resume) {
    /** What a limit in percent is when it is never reached. */
    public static final double NEVER = 100;

    /**
     * Checks them.
     *
     * @throws IllegalArgumentException naming the setting that cannot be
     */
    public GuardLimits {
        percent("cpu", cpu);
        percent("memory", memory);
        percent("pressure.cpu", cpuPressure);
        percent("pressure.memory", memoryPressure);
        percent("pressure.io", ioPressure);
        if (zombies < 0) {
            throw new IllegalArgumentException("ringfence.guard.zombies is " + zombies + "; it must be at least 0");
        }
        if (diskFree < 0) {
            throw new IllegalArgumentException("ringfence.guard.disk-free is " + diskFree + "; it must be at least 0");
        }
        percent("resume", resume);
    }

    private static void percent(String key, double value) {
        if (!(value > 0 && value <= 100)) {
            throw new IllegalArgumentException(
                    "ringfence.guard." + key + " is " + value + "; from above 0 to 100 percent is possible");
        }
    }
}
