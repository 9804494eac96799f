package dev.ringfence.wal.log;

import java.util.concurrent.ExecutionException;

/** Waiting that an interrupt does not cut short; the interrupt is kept for the caller. */
final class Uninterrupted {
    private Uninterrupted() {}

    @FunctionalInterface
    interface Waiting<T> {
        T get() throws InterruptedException, ExecutionException;
    }

    static <T> T get(Waiting<T> waiting) throws ExecutionException {
        var interrupted = false;
        try {
            while (true) {
                try {
                    return waiting.get();
                } catch (InterruptedException _) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
