package dev.ringfence.runner.process;

import java.lang.foreign.MemorySegment;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Does something as a job's user: what the kernel lets a user do to its own processes, it lets root do only with
 * capabilities that containers seldom have. The thread has no other rights then, and ends.
 */
final class UserThread {
    private static final long STACK_BYTES = 256 * 1024;

    private final OptionalInt user;
    private final Runnable action;
    private @Nullable Throwable failure;

    private UserThread(OptionalInt user, Runnable action) {
        this.user = user;
        this.action = action;
    }

    /** Returns when it is done, or throws what it threw; without a user it is done by this thread. */
    static void run(OptionalInt user, Runnable action) {
        if (user.isEmpty()) {
            action.run();
        } else {
            apart(user, action);
        }
    }

    /**
     * The same by a platform thread of its own in any case, for what may hang in the kernel: it holds up no carrier of
     * virtual threads then, of which there are as few as processors.
     */
    static void apart(OptionalInt user, Runnable action) {
        var acting = new UserThread(user, action);
        var thread = Thread.ofPlatform()
                .name("as-user")
                .daemon(true)
                .stackSize(STACK_BYTES)
                .start(acting::act);
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        switch (acting.failure) {
            case null -> {}
            case RuntimeException known -> throw known;
            case Error error -> throw error;
            case Throwable other -> throw new IllegalStateException(other);
        }
    }

    private void act() {
        try {
            if (user.isPresent()) {
                SystemCalls.check(
                        "changing to the job's user", SystemCalls.threadUser(user.getAsInt(), MemorySegment.NULL));
            }
            action.run();
        } catch (Throwable e) {
            failure = e;
        }
    }
}
