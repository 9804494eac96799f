package dev.ringfence.runner.fence;

import dev.ringfence.catalog.FenceTier;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** How a fence is built. */
sealed interface TierPlan {
    FenceTier tier();

    /** The size of the job's own file system on /tmp; zero when it has none that it can write to. */
    long temporaryBytes();

    /**
     * By bubblewrap.
     *
     * @param mounts what the program sees, in the order of mounting
     * @param groups that the program has beside its own; only for a service that is root
     * @param writable where on the host it may write
     */
    record Namespaces(List<Mount> mounts, Set<Integer> groups, List<Path> writable, long temporaryBytes)
            implements TierPlan {
        public Namespaces {
            mounts = List.copyOf(mounts);
            groups = Set.copyOf(groups);
            writable = List.copyOf(writable);
        }

        @Override
        public FenceTier tier() {
            return FenceTier.NAMESPACES;
        }
    }

    /**
     * By the thread that starts the program.
     *
     * @param rules what the program may do with which files; a directory's holds for all beneath
     * @param workRights what it may do in its own directory; zero when it has none that it can write to
     * @param handledFiles all that is denied unless a rule allows it, {@code LANDLOCK_ACCESS_FS_…}
     * @param handledNetwork {@code LANDLOCK_ACCESS_NET_…}
     * @param scopes {@code LANDLOCK_SCOPE_…}
     * @param threads how many threads the service lets the job have when asked for each; empty when it is not asked
     * @param groups that the program has beside its own; only for a service that is root
     * @param writable where on the host it may write
     */
    record Landlocked(
            List<FileRule> rules,
            long workRights,
            long handledFiles,
            long handledNetwork,
            long scopes,
            OptionalInt threads,
            Set<Integer> groups,
            List<Path> writable)
            implements TierPlan {
        public Landlocked {
            rules = List.copyOf(rules);
            groups = Set.copyOf(groups);
            writable = List.copyOf(writable);
        }

        @Override
        public FenceTier tier() {
            return FenceTier.LANDLOCK;
        }

        @Override
        public long temporaryBytes() {
            return 0;
        }
    }

    /** Rights to a file, or to a directory and all beneath; the path holds no links. */
    record FileRule(Path path, long rights) {}

    /** One thing that the program sees in its file system. */
    sealed interface Mount {
        record Directory(Path path) implements Mount {}

        record Link(String target, Path path) implements Mount {}

        record ReadOnly(Path path) implements Mount {}

        /**
         * What a profile or the job's workplace gives. It is held by a descriptor before it is mounted, and only what lies there without links.
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
