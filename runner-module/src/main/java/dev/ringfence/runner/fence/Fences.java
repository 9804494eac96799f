package dev.ringfence.runner.fence;

import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.process.OutputListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** What starts programs in fences, for capabilities and for engines. Thread-safe. */
@FunctionalInterface
public interface Fences {
    /**
     * Starts a program in a fence and returns when the fence stands and the program may run. When its deadline or a stop
     * comes before that, nothing of it runs, and this returns when nothing is left: the result tells of that end.
     *
     * @param listener hears how to stop it, and its output; see {@link OutputListener} for what it may do
     * @throws FenceException.Refused when the host cannot enforce the profile
     * @throws FenceException.Broken when the fence failed
     */
    FencedProcess start(FencedCommand command, OutputListener listener);

    /**
     * Whether a program of the profile sees a tree of directories of its own. Otherwise it sees the host's, and each
     * directory where the host has it.
     *
     * @throws FenceException.Refused when this host has no tier for it
     */
    default boolean ownTree(SandboxProfile profile) {
        return true;
    }

    /**
     * What a fence for a profile would enforce, without building it; empty where that cannot be told beforehand.
     *
     * @throws FenceException.Refused when this host cannot enforce it
     */
    default Optional<FenceReport> rehearse(SandboxProfile profile) {
        return Optional.empty();
    }

    /**
     * A directory for files that programs in fences are to read, whoever their user is.
     *
     * @throws IOException when it cannot be made, or is somebody else's
     */
    default Path scratch() throws IOException {
        return Path.of(System.getProperty("java.io.tmpdir", "/tmp"));
    }
}
