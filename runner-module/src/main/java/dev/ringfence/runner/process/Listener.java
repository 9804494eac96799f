package dev.ringfence.runner.process;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/** The descriptor through which a filter's questions come and are answered. Thread-safe. */
final class Listener implements AutoCloseable {

    /** {@code SECCOMP_IOCTL_NOTIF_…}: direction, size of the structure, {@code '!'}, number. */
    private static final long RECEIVE = 0xC050_2100L;

    private static final long SEND = 0xC018_2101L;
    private static final long ID_VALID = 0x4008_2102L;
    private static final long ADD_DESCRIPTOR = 0x4018_2103L;

    private static final long NOTIFICATION_BYTES = 80;
    private static final long THREAD = 8;
    private static final long NUMBER = 16;
    private static final long ARGUMENTS = 32;
    private static final int AT_NUMBER = 1;

    private final int descriptor;

    /** Keeps the descriptor open while it is used: its number may be given anew. */
    private final ReentrantLock lock = new ReentrantLock();

    private boolean closed;

    Listener(int descriptor) {
        this.descriptor = descriptor;
    }

    int descriptor() {
        return descriptor;
    }

    /** What poll(2) told of; empty when who asked has ended meanwhile, or this is closed. */
    Optional<NotifiedCall> receive() {
        lock.lock();
        try (var arena = Arena.ofConfined()) {
            if (closed) {
                return Optional.empty();
            }
            var notification = arena.allocate(NOTIFICATION_BYTES, 8);
            long result = SystemCalls.ioctl(descriptor, RECEIVE, notification);
            if (result == -Errno.ENOENT || result == -Errno.EINTR) {
                return Optional.empty();
            }
            SystemCalls.check("SECCOMP_IOCTL_NOTIF_RECV", result);
            var arguments = new long[6];
            for (int i = 0; i < arguments.length; i++) {
                arguments[i] = notification.get(JAVA_LONG, ARGUMENTS + 8L * i);
            }
            return Optional.of(new NotifiedCall(
                    this,
                    notification.get(JAVA_LONG, 0),
                    notification.get(JAVA_INT, THREAD),
                    notification.get(JAVA_INT, NUMBER),
                    arguments));
        } finally {
            lock.unlock();
        }
    }

    boolean answer(long id, long value, int error, int flags) {
        try (var arena = Arena.ofConfined()) {
            var response = arena.allocate(24, 8);
            response.set(JAVA_LONG, 0, id);
            response.set(JAVA_LONG, 8, value);
            response.set(JAVA_INT, 16, error);
            response.set(JAVA_INT, 20, flags);
            return ask("SECCOMP_IOCTL_NOTIF_SEND", SEND, response);
        }
    }

    boolean pending(long id) {
        try (var arena = Arena.ofConfined()) {
            return ask("SECCOMP_IOCTL_NOTIF_ID_VALID", ID_VALID, arena.allocateFrom(JAVA_LONG, id));
        }
    }

    boolean install(long id, int ours, int target, int flags) {
        try (var arena = Arena.ofConfined()) {
            var request = arena.allocate(24, 8);
            request.set(JAVA_LONG, 0, id);
            request.set(JAVA_INT, 8, AT_NUMBER);
            request.set(JAVA_INT, 12, ours);
            request.set(JAVA_INT, 16, target);
            request.set(JAVA_INT, 20, flags);
            return ask("SECCOMP_IOCTL_NOTIF_ADDFD", ADD_DESCRIPTOR, request);
        }
    }

    /** False when it is closed or nobody waits any more. */
    private boolean ask(String name, long request, java.lang.foreign.MemorySegment argument) {
        lock.lock();
        try {
            if (closed) {
                return false;
            }
            long result = SystemCalls.ioctl(descriptor, request, argument);
            if (result == -Errno.ENOENT) {
                return false;
            }
            SystemCalls.check(name, result);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** From now on every call that the filter asks about fails with ENOSYS, those that wait included. */
    @Override
    public void close() {
        lock.lock();
        try {
            if (!closed) {
                closed = true;
                Libc.close(descriptor);
            }
        } finally {
            lock.unlock();
        }
    }
}
