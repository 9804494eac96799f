package dev.ringfence.runner.fence;

import dev.ringfence.runner.process.CallDecider;
import dev.ringfence.runner.process.Census;
import dev.ringfence.runner.process.JobMark;
import dev.ringfence.runner.process.NotifiedCall;
import dev.ringfence.runner.process.ProcessEntry;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Decides about each new process and thread of a job, where the kernel has no counter for one job. Between two looks at
 * the processes all that were let through count as living; a look that decides waits until they can be seen.
 */
final class TaskLimit implements CallDecider {
    private static final int EPERM = 1;
    private static final int EAGAIN = 11;
    private static final long CLONE_THREAD = 0x1_0000;

    /** In which a call that was let through has made its process. */
    private static final long SETTLED_NANOS = 1_000_000;

    private final int most;
    private final boolean threadsOnly;
    private final JobMark mark;
    private long seen = 1;
    private long admitted;
    private long admittedAt;
    private long refused;

    /**
     * Counts from the program's first process.
     *
     * @param most processes and threads at a time, the first included
     */
    TaskLimit(int most, boolean threadsOnly, JobMark mark) {
        this.most = most;
        this.threadsOnly = threadsOnly;
        this.mark = mark;
    }

    long refused() {
        return refused;
    }

    @Override
    public void decide(NotifiedCall call) {
        if (threadsOnly && (call.argument(0) & CLONE_THREAD) == 0) {
            refused++;
            var _ = call.fail(EPERM);
        } else if (seen + admitted < most || look() < most) {
            admitted++;
            admittedAt = System.nanoTime();
            var _ = call.proceed();
        } else {
            refused++;
            var _ = call.fail(EAGAIN);
        }
    }

    private long look() {
        if (most == 1) {
            return 1;
        }
        long wait = admitted == 0 ? 0 : admittedAt + SETTLED_NANOS - System.nanoTime();
        if (wait > 0) {
            LockSupport.parkNanos(wait);
        }
        seen = count(Census.membersNow(mark));
        admitted = 0;
        return seen;
    }

    private static long count(List<ProcessEntry> members) {
        return members.stream()
                .mapToLong(member -> Math.max(1, member.threads()))
                .sum();
    }
}
