package dev.ringfence.runner.telemetry;

/**
 * How high the host's load may be for new jobs to be let in.
 *
 * @param cpu percent of the processors that others than this service and its jobs use; its own work waits its turn anyway
 * @param memory percent of the host's memory, or of the control group's limit, in use
 * @param cpuPressure percent of time in which some work waited for a processor
 * @param memoryPressure percent of time in which all work waited for memory
 * @param ioPressure percent of time in which all work waited for a disk
 * @param zombies processes that have ended and that nobody waited for, without those of running jobs
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
    /**
     * Checks them.
     *
     * @throws IllegalArgumentException naming the limit that cannot be
     */
    public GuardLimits {
        percent("cpu", cpu);
        percent("memory", memory);
        percent("cpuPressure", cpuPressure);
        percent("memoryPressure", memoryPressure);
        percent("ioPressure", ioPressure);
        if (zombies < 0) {
            throw new IllegalArgumentException("zombies is " + zombies + ", which is less than none");
        }
        if (diskFree < 0) {
            throw new IllegalArgumentException("diskFree is " + diskFree + ", which is less than nothing");
        }
        percent("resume", resume);
    }

    private static void percent(String name, double value) {
        if (!(value > 0 && value <= 100)) {
            throw new IllegalArgumentException(
                    name + " is " + value + ", which is no percentage above 0 and up to 100");
        }
    }
}
