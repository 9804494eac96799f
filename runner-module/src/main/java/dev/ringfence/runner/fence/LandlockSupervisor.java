package dev.ringfence.runner.fence;

import dev.ringfence.runner.process.Signals;
import dev.ringfence.runner.process.Tree;
import java.nio.file.Path;
import java.util.Set;

/** Watches a program that the starting thread has confined; its processes are known by their mark. */
final class LandlockSupervisor implements TierSupervisor {

    private final JobLimits limits;
    private final Belongings belongings;
    private volatile int pid;

    LandlockSupervisor(JobLimits limits, Belongings belongings) {
        this.limits = limits;
        this.belongings = belongings;
    }

    @Override
    public int first() {
        return pid;
    }

    @Override
    public Path temporary() {
        return belongings.directory.map(JobDirectory::path).orElse(Path.of("/"));
    }

    @Override
    public JobLimits limits() {
        return limits;
    }

    @Override
    public Belongings belongings() {
        return belongings;
    }

    @Override
    public void spawned(Tree tree) {
        pid = (int) tree.pid();
        limits.mark(tree, belongings.user);
        limits.apply(tree, pid, belongings.user);
    }

    @Override
    public void politely(Tree tree) {
        limits.signal(tree, Signals.SIGTERM, Set.of());
        limits.letGo(tree);
    }

    @Override
    public void kill(Tree tree) {
        limits.seal();
        // At one stroke, so that none of them can start another; then those that left the group.
        tree.signalGroup(Signals.SIGKILL);
        tree.signalMarked(Signals.SIGKILL);
    }
}
