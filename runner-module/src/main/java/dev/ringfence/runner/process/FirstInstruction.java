package dev.ringfence.runner.process;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a confined program from its first instruction until the thread that started it has ended. That thread is one of
 * the service's, but is the job's user inside the job's Landlock domain, so the program could signal it by its number,
 * which is easy to guess; and what kills one thread kills the service.
 *
 * <p>The stop is sent while the child's execve waits at the gate, and takes effect when the child would return from it.
 * Used by one thread.
 */
final class FirstInstruction implements AutoCloseable {
    private static final long PAUSE_NANOS = 20_000;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** Of a task that was forked and has not executed a program yet ({@code PF_FORKNOEXEC}). */
    private static final long NOT_EXECUTED = 0x40;

    private final boolean wanted;
    private final BooleanSupplier over;
    private @Nullable HeldProcess child;
    private int pid;
    private boolean killed;

    /**
     * Holds nothing yet.
     *
     * @param wanted false for a launcher, which stays with its starting thread and is not held
     * @param over whether the program is to be ended instead; once true it stays so
     */
    FirstInstruction(boolean wanted, BooleanSupplier over) {
        this.wanted = wanted;
        this.over = over;
    }

    /** Holds a child that waits at its gate. */
    void hold(int number) {
        if (wanted) {
            pid = number;
            child = HeldProcess.of(number)
                    .orElseThrow(() -> new IllegalStateException("process " + number + " ended at its gate"));
            var _ = child.signal(Signals.SIGSTOP);
        }
    }

    /** To be called again and again until the starting thread is done: a child whose execve failed has to tell it so. */
    void look() {
        if (child == null) {
            return;
        }
        if (over.getAsBoolean()) {
            close();
        } else if (failed()) {
            letGo(child);
        }
    }

    private boolean failed() {
        try {
            return ProcStat.of(KernelFile.read(Path.of("/proc/" + pid + "/stat")))
                    .filter(stat -> stat.state() == 'T' && (stat.number(ProcStat.FLAGS) & NOT_EXECUTED) != 0)
                    .isPresent();
        } catch (IOException ended) {
            return false;
        }
    }

    /**
     * Lets the program begin as soon as the thread that started it has ended, or kills it when it is to be ended before.
     *
     * @return whether it begins
     * @throws IllegalStateException when that takes beyond all measure
     */
    boolean release(int starter) {
        long until = System.nanoTime() + PATIENCE.toNanos();
        while (child != null && !over.getAsBoolean() && SystemCalls.ownThread(starter)) {
            if (System.nanoTime() - until > 0) {
                throw new IllegalStateException(
                        "the thread that started it did not end within " + PATIENCE.toSeconds() + " s");
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
        if (child != null && over.getAsBoolean()) {
            close();
        } else if (child != null) {
            letGo(child);
        }
        return !killed;
    }

    private void letGo(HeldProcess held) {
        var _ = held.signal(Signals.SIGCONT);
        held.close();
        child = null;
    }

    /** Kills a child that was not let go. */
    @Override
    public void close() {
        if (child != null) {
            try (var held = child) {
                var _ = held.signal(Signals.SIGKILL);
            }
            child = null;
            killed = true;
        }
    }
}
