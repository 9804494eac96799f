package dev.ringfence.runner.engine;

import dev.ringfence.runner.process.OutputListener;
import org.jspecify.annotations.Nullable;

/** Ends a program, also while its fence is still being built, or before that has begun. Thread-safe. */
final class EarlyStop {
    // Guarded by this.
    private @Nullable Runnable stop;
    private boolean wanted;

    /** Takes what {@link OutputListener#starting} gives. */
    void starting(Runnable given) {
        boolean now;
        synchronized (this) {
            stop = given;
            now = wanted;
        }
        if (now) {
            given.run();
        }
    }

    /** Returns at once; the program may live on for as long as a program does that is stopped. */
    void stop() {
        Runnable now;
        synchronized (this) {
            wanted = true;
            now = stop;
        }
        if (now != null) {
            now.run();
        }
    }
}
