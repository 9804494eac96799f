package dev.ringfence.runner.fence;

import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.process.OutputListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** What starts programs in fences, for capabilities and for engines. Thread-safe. */
@FunctionalInterface
public interface Fences {
    /** Starts a program in a fence; see {@link Fence#start}. */
    FencedProcess start(FencedCommand command, OutputListener listener);

    /** Whether programs see a tree of directories of their own; see {@link Fence#ownTree}. */
    default boolean ownTree(SandboxProfile profile) {
        return true;
    }

    /** What a fence would enforce, where that can be told beforehand; see {@link Fence#report}. */
    default Optional<FenceReport> report(SandboxProfile profile) {
        return Optional.empty();
    }

    /**
     * Where files are made that programs are to read; see {@link Fence#scratch}.
     *
     * @throws IOException when it cannot be made
     */
    default Path scratch() throws IOException {
        return Path.of(System.getProperty("java.io.tmpdir", "/tmp"));
    }

    /** Those of a fence. */
    static Fences of(Fence fence) {
        return new Fences() {
            @Override
            public FencedProcess start(FencedCommand command, OutputListener listener) {
                return fence.start(command, listener);
            }

            @Override
            public boolean ownTree(SandboxProfile profile) {
                return fence.ownTree(profile);
            }

            @Override
            public Optional<FenceReport> report(SandboxProfile profile) {
                return Optional.of(fence.report(profile));
            }

            @Override
            public Path scratch() throws IOException {
                return fence.scratch();
            }
        };
    }
}
