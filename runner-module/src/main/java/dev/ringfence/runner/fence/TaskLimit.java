package dev.ringfence.runner.fence;

import dev.ringfence.runner.process.CallDecider;
import dev.ringfence.runner.process.Census;
import dev.ringfence.runner.process.JobMark;
import dev.ringfence.runner.process.NotifiedCall;
import dev.ringfence.runner.process.ProcessEntry;

/**
 * Decides about the threads of a job that may have no other process than its first. Only a refusal is sure to reach who
 * asks: a signal that comes before it was heard makes the call fail with EINTR, which no program expects of a fork.
 */
final class TaskLimit implements CallDecider {
    private static final int EPERM = 1;
    private static final int EAGAIN = 11;
    private static final long CLONE_THREAD = 0x1_0000;

    private final int most;
    private final JobMark mark;
    private long refused;

    /**
     * Counts the program's first thread.
     *
     * @param most threads at a time
     */
    TaskLimit(int most, JobMark mark) {
        this.most = most;
        this.mark = mark;
    }

    long refused() {
        return refused;
    }

    @Override
    public void decide(NotifiedCall call) {
        if ((call.argument(0) & CLONE_THREAD) == 0) {
            refused++;
            var _ = call.fail(EPERM);
        } else if (most == 1 || threads() >= most) {
            refused++;
            var _ = call.fail(EAGAIN);
        } else {
            var _ = call.proceed();
        }
    }

    private long threads() {
        return Census.membersNow(mark).stream().mapToLong(ProcessEntry::threads).sum();
    }
}
