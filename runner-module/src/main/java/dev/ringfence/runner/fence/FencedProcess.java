package dev.ringfence.runner.fence;

import io.smallrye.mutiny.Uni;
import java.nio.file.Path;

/**
 * A program that was started in a fence, or that was ended by its deadline or a stop before its fence stood. All methods may be
 * called from any thread.
 */
public interface FencedProcess {
    /**
     * The process as the host sees it whose end takes the whole tree with it; may be zero for a program that was ended
     * before its fence stood.
     */
    long pid();

    /** Whether a process of the host is of this tree, at this moment; only good while that process is held. */
    boolean owns(int pid);

    /**
     * Where the program's temporary files can be reached from the host, while it runs; it starts in that directory.
     * The program may put links there that lead anywhere.
     */
    Path temporary();

    /** What this fence enforces, and by which means. */
    FenceReport report();

    /** The most memory that the tree has had so far, as the control group counts it; zero when nobody counts. */
    long peakMemoryBytes();

    /**
     * Ends the tree: a polite signal, the grace period, a kill. Returns at once; {@link #result()} tells when nothing
     * is left. A second call, or one after the end, does nothing.
     */
    void stop();

    /**
     * The result, once nothing of the tree is left. Fails with a {@link FenceException} when the fence itself broke.
     * Cancelling a subscription does not stop the program; {@link #stop()} does.
     */
    Uni<FencedResult> result();
}
