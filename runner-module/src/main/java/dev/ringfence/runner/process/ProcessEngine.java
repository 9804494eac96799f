package dev.ringfence.runner.process;

/**
 * Starts programs. Each is watched by a platform thread of its own, its keeper, which starts it, moves its input and
 * output, keeps its deadline by the monotonic clock, ends its tree and takes its exit status. One thread must do all of
 * that: signals bound to a parent's death follow the thread that started the child.
 *
 * <p>Thread-safe. The number of programs at a time is the caller's to bound.
 */
public final class ProcessEngine {
    private ProcessEngine() {}

    /**
     * Starts a program and returns when it runs, or, for a supervised one, when its gate has opened. When its deadline or
     * a stop comes before that, nothing of it runs: this returns when nothing is left, and the result tells that end.
     *
     * @throws ProcessException when it could not be started, its launcher failed, or the supervisor did; nothing is left of
     *     it then
     */
    public static RunningProcess start(ProcessRequest request, Supervisor supervisor, OutputListener listener) {
        var keeper = new Keeper(request, supervisor, listener);
        keeper.start();
        return keeper;
    }

    /** The user that this process acts as. */
    public static int effectiveUser() {
        return Libc.effectiveUser();
    }
}
