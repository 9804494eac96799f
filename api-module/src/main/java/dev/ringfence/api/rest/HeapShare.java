package dev.ringfence.api.rest;

/** A part of the heap that several uses have together. Thread-safe. */
final class HeapShare {
    private final int part;
    private long taken;

    /** @param part which one of the heap: 4 for a quarter; asked each time, since a native image is initialised in another heap */
    HeapShare(int part) {
        this.part = part;
    }

    private long most() {
        return Runtime.getRuntime().maxMemory() / part;
    }

    /** Takes so many bytes, if they are free. */
    synchronized boolean tryTake(long bytes) {
        boolean free = bytes <= most() - taken;
        if (free) {
            taken += bytes;
        }
        return free;
    }

    /**
     * Waits until so many bytes are free, or all of them when it are more.
     *
     * @return how many to give back
     */
    synchronized long take(long bytes) {
        long wanted = Math.min(bytes, most());
        boolean interrupted = false;
        while (wanted > most() - taken) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        taken += wanted;
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return wanted;
    }

    synchronized void giveBack(long bytes) {
        taken -= bytes;
        notifyAll();
    }
}
