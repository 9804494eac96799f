package dev.ringfence.runner.fence;

import dev.ringfence.runner.process.CallDecider;
import dev.ringfence.runner.process.Census;
import dev.ringfence.runner.process.Errno;
import dev.ringfence.runner.process.JobMark;
import dev.ringfence.runner.process.NotifiedCall;
import dev.ringfence.runner.process.ProcessEntry;
import java.util.List;

/**
 * Decides about new threads, and refuses new processes where it is asked about them. That is only where a job may have none
 * but its first: a signal that comes before the question was heard makes the call fail with EINTR, which no program
 * expects of a fork. For a thread the C library holds all signals back meanwhile.
 */
final class TaskLimit implements CallDecider {
    private static final long CLONE_THREAD = 0x1_0000;

    private final int most;
    private final JobMark mark;
    private long refused;
    private long granted;

    /**
     * Counts the program's first thread.
     *
     * @param most threads of all processes at a time
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
            var _ = call.fail(Errno.EPERM);
        } else if (most == 1 || full()) {
            refused++;
            var _ = call.fail(Errno.EAGAIN);
        } else {
            granted++;
            var _ = call.proceed();
        }
    }

    /**
     * Those that were granted since the last look at all processes may or may not have been seen by it. To look at those
     * that are known is cheap, and they alone may be enough: so a job that asks again and again costs little.
     */
    private boolean full() {
        long known = threads(Census.members(mark));
        if (known >= most) {
            return true;
        }
        if (known + granted < most) {
            return false;
        }
        granted = 0;
        return threads(Census.membersNow(mark)) >= most;
    }

    private static long threads(List<ProcessEntry> members) {
        return members.stream().mapToLong(ProcessEntry::threads).sum();
    }
}
