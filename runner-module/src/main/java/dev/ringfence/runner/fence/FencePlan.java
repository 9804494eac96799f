package dev.ringfence.runner.fence;

import dev.ringfence.runner.fence.cgroup.CgroupLimits;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * How a profile is enforced for one command on one host: a value that says everything and does nothing.
 *
 * @param mounts what the program sees, in the order of mounting
 * @param groups that the job has beside its own
 * @param network which one the program has
 * @param filter the seccomp program
 * @param limits for the control group
 * @param maxFileBytes for RLIMIT_FSIZE
 * @param nice the priority
 */
@SuppressWarnings("ArrayRecordComponent") // built once and handed over; nothing compares plans
record FencePlan(
        List<Mount> mounts,
        Set<Integer> groups,
        NetworkPlan network,
        byte[] filter,
        CgroupLimits limits,
        long maxFileBytes,
        int nice,
        FenceReport report) {
    FencePlan {
        mounts = List.copyOf(mounts);
        groups = Set.copyOf(groups);
    }

    /** One thing that the program sees in its file system. */
    sealed interface Mount {
        record Directory(Path path) implements Mount {}

        record Link(String target, Path path) implements Mount {}

        record ReadOnly(Path path) implements Mount {}

        /**
         * What a profile gives. It is held by a descriptor before it is mounted, and only what lies there without links.
         *
         * @param real where the host has it
         */
        record Given(Path path, Path real, boolean writable) implements Mount {}

        record Proc() implements Mount {}

        record Devices() implements Mount {}

        record Temporary(Path path, long bytes) implements Mount {}

        /** Nothing can be seen there: an empty directory or an empty file that cannot be written. */
        record Masked(Path path, boolean directory) implements Mount {}

        /** What was mounted there before cannot be written any more. */
        record Sealed(Path path) implements Mount {}
    }
}
