package dev.ringfence.runner.process;

import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Signals all processes of one job at one stroke, however fast they come and go, and nobody else: a thread of the service
 * in a Landlock domain of its own, in which the job's program is started. Landlock lets it signal what is in that domain
 * alone ({@code LANDLOCK_SCOPE_SIGNAL}), and kill(2) to all holds off every fork while it goes through them. The thread
 * keeps the service's user and is outside the job's own domain, so the job cannot signal it.
 *
 * <p>Thread-safe. Methods return when the thread has done it, and throw IllegalStateException once it has ended.
 */
final class Warden implements AutoCloseable {
    /** Since when Landlock knows the scope. */
    private static final int SCOPES_VERSION = 6;

    /** Since when it audits refusals, and can be told not to. */
    private static final int QUIET_VERSION = 7;

    private static final long SCOPE_SIGNAL = 2;
    private static final int EVERYBODY = -1;
    private static final int ASK = 0;
    private static final long STACK_BYTES = 256 * 1024;

    private final LinkedBlockingQueue<FutureTask<Boolean>> tasks = new LinkedBlockingQueue<>();

    /** Guarded by the tasks. */
    private boolean closed;

    /** Of the thread alone. */
    private boolean over;

    /** Of the thread alone: without its own domain its signal would reach everybody there is. */
    private boolean confined;

    private Warden() {}

    /**
     * Begins; empty where the kernel's Landlock has no such domains.
     *
     * @throws NativeCallException when the thread could not be confined
     */
    static Optional<Warden> begin(String name) {
        if (Landlock.version().orElse(0) < SCOPES_VERSION) {
            return Optional.empty();
        }
        var warden = new Warden();
        Thread.ofPlatform()
                .name("warden-" + name)
                .daemon(true)
                .stackSize(STACK_BYTES)
                .start(warden::work);
        try {
            warden.call(warden::confine);
        } catch (RuntimeException | Error e) {
            warden.close();
            throw e;
        }
        return Optional.of(warden);
    }

    /** Starts a thread inside the domain. */
    void start(Thread other) {
        call(other::start);
    }

    /** Sends a signal to every process of the job. */
    void signal(int signal) {
        call(() -> {
            if (!confined) {
                throw new IllegalStateException("a signal to everybody by a thread that is not confined");
            }
            var _ = Libc.kill(EVERYBODY, signal);
        });
    }

    private void confine() {
        SystemCalls.check("prctl(PR_SET_NO_NEW_PRIVS)", SystemCalls.threadNoNewPrivileges());
        try (var domain = Landlock.handling(0, 0, SCOPE_SIGNAL)) {
            // Each signal to everybody is refused by everybody else: with an audit, that would be a record for each.
            boolean quiet = Landlock.version().orElse(0) >= QUIET_VERSION;
            SystemCalls.check("landlock_restrict_self", SystemCalls.threadLandlock(domain.descriptor(), quiet));
        }
        // The service's parent is in no such domain. As a container's first process it has none, and nobody else there.
        long parent = ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L);
        if (parent > 0 && reaches((int) parent)) {
            throw new IllegalStateException(
                    "Landlock does not keep a thread from signals to processes outside its domain");
        }
        confined = true;
    }

    private static boolean reaches(int pid) {
        try {
            return Libc.kill(pid, ASK);
        } catch (NativeCallException e) {
            return false;
        }
    }

    private void call(Runnable action) {
        var task = new FutureTask<>(action, true);
        synchronized (tasks) {
            if (closed) {
                throw new IllegalStateException("the warden has ended");
            }
            tasks.add(task);
        }
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    var _ = task.get();
                    return;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case null -> throw new IllegalStateException(e);
                case RuntimeException known -> throw known;
                case Error error -> throw error;
                case Throwable other -> throw new IllegalStateException(other);
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void work() {
        while (!over) {
            next().run();
        }
    }

    private FutureTask<Boolean> next() {
        while (true) {
            try {
                return tasks.take();
            } catch (InterruptedException e) {
                // Nobody has a reason to.
            }
        }
    }

    /** Ends the thread; whoever asks it something from now on gets an exception. A second call does nothing. */
    @Override
    public void close() {
        synchronized (tasks) {
            if (!closed) {
                closed = true;
                tasks.add(new FutureTask<>(() -> over = true));
            }
        }
    }
}
