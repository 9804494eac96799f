package dev.ringfence.runner.fence;

import dev.ringfence.runner.process.ProcessEnd;
import dev.ringfence.runner.process.ProcessResult;
import dev.ringfence.runner.process.Signals;
import dev.ringfence.runner.process.Tree;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Puts bubblewrap's first process inside its namespaces under the limits before anything of the job runs, and ends the
 * tree through it: when it dies, the kernel ends all of its PID namespace.
 */
final class NamespacesSupervisor implements TierSupervisor {
    private static final int PROBE = 0;

    /** Bubblewrap writes one JSON document when it has started and one when the program has ended. */
    private static final Pattern CHILD = Pattern.compile("\"child-pid\"\\s*:\\s*(\\d+)");

    private static final Pattern EXIT = Pattern.compile("\"exit-code\"\\s*:\\s*(\\d+)");

    private final JobLimits limits;
    private final Belongings belongings;
    private volatile int inner;
    private int handle;

    NamespacesSupervisor(JobLimits limits, Belongings belongings) {
        this.limits = limits;
        this.belongings = belongings;
    }

    /** The first process of the namespace, as the host sees it. */
    @Override
    public int first() {
        return inner;
    }

    @Override
    public Path temporary() {
        return Path.of("/proc", Integer.toString(inner), "root", "tmp");
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
    public ProcessEnd end(ProcessResult result) {
        var end = result.end();
        boolean itself = end instanceof ProcessEnd.Exited || end instanceof ProcessEnd.Signalled;
        if (!itself) {
            return end;
        }
        var exit = EXIT.matcher(result.status());
        if (exit.find()) {
            return new ProcessEnd.Exited(Integer.parseInt(exit.group(1)));
        }
        if (!limits.account().overstepped()) {
            throw new FenceException.Broken("the fence broke before the program ran: "
                    + new String(result.stderr().bytes(), StandardCharsets.UTF_8).strip());
        }
        return end;
    }

    @Override
    public void starting() {
        limits.enter();
    }

    @Override
    public void started() {
        limits.leave();
    }

    @Override
    public void spawned(Tree tree) {
        limits.mark(tree, OptionalInt.empty());
    }

    @Override
    public boolean ready(Tree tree, String status) {
        var child = CHILD.matcher(status);
        if (!child.find() || !status.contains("}")) {
            return false;
        }
        int first = Integer.parseInt(child.group(1));
        var held = tree.hold(first);
        if (held.isEmpty()) {
            // It could not even build the fence: the launcher says why when it ends.
            return false;
        }
        handle = held.getAsInt();
        inner = first;
        tree.markBelow(inner);
        limits.apply(tree, inner, OptionalInt.empty());
        return true;
    }

    @Override
    public void politely(Tree tree) {
        if (tree.signal(handle, PROBE)) {
            // Not the launcher and the namespace's first process, with whose end all others are killed.
            limits.signal(tree, Signals.SIGTERM, Set.of((int) tree.pid(), inner));
        }
        limits.letGo(tree);
    }

    @Override
    public void kill(Tree tree) {
        if (inner != 0) {
            var _ = tree.signal(handle, Signals.SIGKILL);
        }
    }
}
