package dev.ringfence.runner.fence;

import dev.ringfence.runner.fence.cgroup.JobCgroup;
import dev.ringfence.runner.process.Supervisor;
import dev.ringfence.runner.process.Tree;
import dev.ringfence.runner.process.Usage;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Puts bubblewrap's first process inside its namespaces under the limits before anything of the job runs, and ends the
 * tree through it: when it dies, the kernel ends all of its PID namespace.
 */
final class FenceSupervisor implements Supervisor {
    private static final int SIGTERM = 15;
    private static final int SIGKILL = 9;
    private static final int PROBE = 0;

    /** Bubblewrap writes one JSON document when it has started and one when the program has ended. */
    private static final Pattern CHILD = Pattern.compile("\"child-pid\"\\s*:\\s*(\\d+)");

    private static final Pattern EXIT = Pattern.compile("\"exit-code\"\\s*:\\s*(\\d+)");

    private final FencePlan plan;
    private final Optional<JobCgroup> group;
    private final Lent lent;
    private volatile int inner;
    private int handle;
    private JobCgroup.@Nullable Readings readings;

    FenceSupervisor(FencePlan plan, Optional<JobCgroup> group, Lent lent) {
        this.plan = plan;
        this.group = group;
        this.lent = lent;
    }

    /** The first process of the namespace, as the host sees it. */
    int inner() {
        return inner;
    }

    /** What the control group counted, once the tree is gone. */
    Optional<JobCgroup.Readings> readings() {
        return Optional.ofNullable(readings);
    }

    /** What the program itself ended with; empty when it was never started. */
    static OptionalInt exitCode(String status) {
        var exit = EXIT.matcher(status);
        return exit.find() ? OptionalInt.of(Integer.parseInt(exit.group(1))) : OptionalInt.empty();
    }

    @Override
    public boolean ready(Tree tree, String status) {
        var child = CHILD.matcher(status);
        if (!child.find() || !status.contains("}")) {
            return false;
        }
        inner = Integer.parseInt(child.group(1));
        handle = tree.hold(inner);
        group.ifPresent(found -> found.place(inner));
        tree.limitFileSize(inner, plan.maxFileBytes());
        tree.forbidCoreDumps(inner);
        tree.priority(inner, plan.nice());
        return true;
    }

    @Override
    public void politely(Tree tree) {
        if (tree.signal(handle, PROBE)) {
            // The namespace's first process leads the program's session and is immune to this signal itself.
            tree.signalGroupOf(inner, SIGTERM);
        }
    }

    @Override
    public void kill(Tree tree) {
        if (inner != 0) {
            var _ = tree.signal(handle, SIGKILL);
        }
    }

    @Override
    public Usage ended(Usage counted) {
        if (group.isEmpty()) {
            return counted;
        }
        var seen = group.get().readings();
        readings = seen;
        return new Usage(
                seen.cpuUser().isNegative() ? counted.cpuUser() : seen.cpuUser(),
                seen.cpuSystem().isNegative() ? counted.cpuSystem() : seen.cpuSystem(),
                seen.peakMemoryBytes() > 0 ? seen.peakMemoryBytes() : counted.peakMemoryBytes(),
                counted.wall(),
                seen.peakMemoryBytes() > 0 ? "control group" : counted.memorySource());
    }

    @Override
    public void close() {
        group.ifPresent(JobCgroup::remove);
        lent.close();
    }
}
