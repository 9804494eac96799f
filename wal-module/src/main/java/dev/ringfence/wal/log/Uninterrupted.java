package dev.ringfence.wal.log;

/** Waiting that an interrupt does not cut short; the interrupt is kept for the caller. */
final class Uninterrupted {
    private Uninterrupted() {}

    @FunctionalInterface
    interface Waiting {
        void until() throws InterruptedException;
    }

    static void await(Waiting waiting) {
        var interrupted = false;
        while (true) {
            try {
                waiting.until();
                break;
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
