package dev.ringfence.runner.fence;

import dev.ringfence.runner.fence.cgroup.CgroupLimits;
import java.util.Optional;

/**
 * How a profile is enforced for one command on one host: a value that says everything and does nothing.
 *
 * @param network which one the program has
 * @param filter the seccomp program
 * @param gpus of which the job gets one; empty for none
 * @param limits for the control group
 * @param watch what is watched instead where there is no control group for it
 * @param userTasks RLIMIT_NPROC of the job's own user; zero for none
 * @param maxFileBytes for RLIMIT_FSIZE
 * @param nice the priority
 */
@SuppressWarnings("ArrayRecordComponent") // built once and handed over; nothing compares plans
record FencePlan(
        TierPlan tier,
        NetworkPlan network,
        byte[] filter,
        Optional<Gpus.Found> gpus,
        CgroupLimits limits,
        Watch watch,
        long userTasks,
        long maxFileBytes,
        int nice,
        FenceReport report) {}
