package dev.ringfence.runner.fence;

import dev.ringfence.runner.process.ProcessEnd;
import dev.ringfence.runner.process.ProcessResult;
import dev.ringfence.runner.process.Supervisor;
import dev.ringfence.runner.process.Tree;
import dev.ringfence.runner.process.Usage;
import java.nio.file.Path;
import java.time.Duration;

/** Watches the fence of one tier. */
sealed interface TierSupervisor extends Supervisor permits NamespacesSupervisor, LandlockSupervisor {
    /** The process whose end takes the tree with it, as the host sees it; zero before it is known. */
    int first();

    JobLimits limits();

    Belongings belongings();

    /** As in {@link FencedProcess#temporary}. */
    Path temporary();

    /**
     * How the program itself ended, of what the process that was started tells.
     *
     * @throws FenceException.Broken when the fence broke before the program ran
     */
    default ProcessEnd end(ProcessResult result) {
        return result.end();
    }

    @Override
    default Duration interval() {
        return limits().interval();
    }

    @Override
    default void look(Tree tree) {
        limits().look(tree, () -> kill(tree));
    }

    @Override
    default Usage ended(Usage counted) {
        return limits().account().close(counted);
    }

    @Override
    default void close() {
        belongings().close();
    }
}
