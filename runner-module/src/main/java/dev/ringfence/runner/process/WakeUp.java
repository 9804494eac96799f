package dev.ringfence.runner.process;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.util.concurrent.locks.ReentrantLock;

/** What wakes a loop that polls. Anybody may ring at any time, also before it is open and after it was closed. */
final class WakeUp implements AutoCloseable {
    /** Guards the event descriptor against use after its close. */
    private final ReentrantLock lock = new ReentrantLock();

    private int descriptor = -1;

    /** Lets the calling thread be woken. */
    void open() {
        lock.lock();
        try {
            descriptor = Libc.eventDescriptor();
        } finally {
            lock.unlock();
        }
    }

    /** To be polled by the thread that opened it, until that closes it. */
    int descriptor() {
        return descriptor;
    }

    /** Makes the loop look at everything again, if there is one. */
    void ring() {
        lock.lock();
        try {
            if (descriptor >= 0) {
                try (var arena = Arena.ofConfined()) {
                    var _ = Libc.write(descriptor, arena.allocateFrom(JAVA_LONG, 1L));
                }
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            if (descriptor >= 0) {
                Libc.close(descriptor);
                descriptor = -1;
            }
        } finally {
            lock.unlock();
        }
    }
}
