package dev.ringfence.runner.fence;

import dev.ringfence.runner.process.Supervisor;
import java.nio.file.Path;

/** Watches the fence of one tier. */
sealed interface TierSupervisor extends Supervisor permits NamespacesSupervisor, LandlockSupervisor {
    /** The process whose end takes the tree with it, as the host sees it; zero before it is known. */
    int first();

    JobLimits limits();

    /** As in {@link FencedProcess#temporary}. */
    Path temporary();
}
