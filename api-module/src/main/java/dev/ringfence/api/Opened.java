package dev.ringfence.api;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What has been opened so far, to be closed in the reverse order. Not for several threads at once. */
final class Opened {
    private final Deque<Runnable> closing = new ArrayDeque<>();

    /** Returns what was opened. */
    <T> T add(T thing, Consumer<T> close) {
        closing.push(() -> close.accept(thing));
        return thing;
    }

    /** Closes everything, also when something of it fails; then the first failure is thrown, with the others. */
    void close() {
        RuntimeException first = null;
        while (!closing.isEmpty()) {
            first = close(closing.pop(), first);
        }
        if (first != null) {
            throw first;
        }
    }

    private static @Nullable RuntimeException close(Runnable close, @Nullable RuntimeException before) {
        try {
            close.run();
            return before;
        } catch (RuntimeException e) {
            if (before == null) {
                return e;
            }
            before.addSuppressed(e);
            return before;
        }
    }

    /** Closes everything since something failed. */
    void closeAfter(Throwable failure) {
        try {
            close();
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
    }
}
