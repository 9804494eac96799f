package dev.ringfence.api.job;

import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An item that comes once, or never for a reason, and that any number may wait for. Who gives up waiting leaves nothing behind, as it would with a copy of a
 * future: a client that asks again and again must not cost memory until the end. Thread-safe.
 */
final class Awaited<T extends @Nullable Object> {
    private final Set<UniEmitter<? super T>> waiting = new LinkedHashSet<>();
    /** How those who wait are told; null before. */
    private @Nullable Consumer<UniEmitter<? super T>> telling;

    /** Tells all who wait, on this thread, and who comes later; without effect when it has come or failed before. */
    void complete(T item) {
        settle(waiter -> waiter.complete(item));
    }

    /** {@link #complete}, when it will never come. */
    void fail(Throwable reason) {
        settle(waiter -> waiter.fail(reason));
    }

    private void settle(Consumer<UniEmitter<? super T>> how) {
        List<UniEmitter<? super T>> told;
        synchronized (this) {
            if (telling != null) {
                return;
            }
            telling = how;
            told = List.copyOf(waiting);
            waiting.clear();
        }
        told.forEach(how);
    }

    /** What comes, or why it will not. Cancelling a subscription changes nothing for others. */
    Uni<T> whenThere() {
        return Uni.createFrom().emitter(emitter -> {
            Consumer<UniEmitter<? super T>> known;
            synchronized (this) {
                known = telling;
                if (known == null) {
                    waiting.add(emitter);
                    emitter.onTermination(() -> leave(emitter));
                }
            }
            if (known != null) {
                known.accept(emitter);
            }
        });
    }

    private synchronized void leave(UniEmitter<? super T> waiter) {
        waiting.remove(waiter);
    }

    /** How many wait. */
    synchronized int waiting() {
        return waiting.size();
    }
}
