package dev.ringfence.runner.process;

import java.time.Duration;

/**
 * What whoever builds a fence adds to the watching of its tree. All methods are called on the one thread that watches
 * the process, and must not block. As they are here, signals go to the child's process group, which is its session's.
 */
public interface Supervisor {
    /**
     * Called on the thread that starts the child, just before it does; {@link #started} on the same thread when the child
     * runs its program or could not be started. Both must not throw.
     */
    default void starting() {}

    /** See {@link #starting}; not called for a thread that ends with the start. */
    default void started() {}

    /**
     * The child exists. A confined one waits until this returns and has not run an instruction of its program; any
     * other may have begun.
     */
    default void spawned(Tree tree) {}

    /**
     * Looks at what the program has reported so far; called whenever more has come, until the gate opens or the program is
     * to be ended.
     *
     * @param tree acts on the tree's processes, which cannot have run anything of the job's yet
     * @return whether the gate may open
     */
    default boolean ready(Tree tree, String status) {
        return true;
    }

    /** How often {@link #look} is to be called while the program runs; zero for never. */
    default Duration interval() {
        return Duration.ZERO;
    }

    /** Looks at what the tree uses, and ends or holds it when that is too much. */
    default void look(Tree tree) {}

    /** Asks every process of the tree to end; not called before the gate has opened. */
    default void politely(Tree tree) {
        tree.signalGroup(Signals.SIGTERM);
    }

    /** Ends every process of the tree; from now on no call that a filter asks about succeeds. */
    default void kill(Tree tree) {
        tree.signalGroup(Signals.SIGKILL);
    }

    /** Called once nothing of the tree is left; corrects what the kernel counted for the direct child. */
    default Usage ended(Usage counted) {
        return counted;
    }

    /** Called last, and always: nothing of the tree is left, whether or not it could be started. */
    default void close() {}
}
