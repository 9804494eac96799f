package dev.ringfence.runner.process;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * A system call that waits for an answer (seccomp_unotify(2)). Arguments in registers are what the kernel will use;
 * memory that they point to can be changed by another thread of the program at any time, so a call whose decision
 * depends on such memory must never be let through with {@link #proceed}: do what it asks in its place.
 *
 * <p>Thread-safe. Every answer returns false when nobody waits for it any more.
 */
public final class NotifiedCall {
    private static final int CONTINUE = 1;

    private final Listener listener;
    private final long id;
    private final int thread;
    private final int number;
    private final long[] arguments;

    NotifiedCall(Listener listener, long id, int thread, int number, long[] arguments) {
        this.listener = listener;
        this.id = id;
        this.thread = thread;
        this.number = number;
        this.arguments = arguments;
    }

    /** The calling thread, in the host's numbers; it cannot end unnoticed as long as {@link #pending} is true. */
    public int thread() {
        return thread;
    }

    /** The system call's number on this architecture. */
    public int number() {
        return number;
    }

    /** One of six. */
    public long argument(int index) {
        return arguments[index];
    }

    /** Whether the thread still waits; whatever was read of it by its number counts only when this is true after. */
    boolean pending() {
        return listener.pending(id);
    }

    /** Lets the kernel do what was asked. */
    public boolean proceed() {
        return listener.answer(id, 0, 0, CONTINUE);
    }

    /** The call fails with an error. */
    public boolean fail(int errno) {
        return listener.answer(id, 0, -errno, 0);
    }

    /** The call returns a value, and nothing else is done. */
    public boolean succeed(long value) {
        return listener.answer(id, value, 0, 0);
    }

    /**
     * Gives the program a connection, which stays the caller's to close, under a number in place of what it has there. The
     * call still waits then; where the program has no such number any more, or no room for it, the call has failed.
     *
     * @param flags zero, or O_CLOEXEC
     */
    public boolean install(UnixConnection connection, int target, int flags) {
        try {
            return listener.install(id, connection.descriptor(), target, flags);
        } catch (NativeCallException e) {
            var _ = fail(e.errno());
            return false;
        }
    }

    /**
     * Bytes of the program's memory, fewer when less can be read there.
     *
     * @throws IOException when nothing can be read, or the thread does not wait any more
     */
    public byte[] memory(long address, int length) throws IOException {
        var bytes = ByteBuffer.allocate(length);
        try (var memory =
                FileChannel.open(Path.of("/proc", Integer.toString(thread), "mem"), StandardOpenOption.READ)) {
            while (bytes.hasRemaining() && memory.read(bytes, address + bytes.position()) > 0) {
                // the rest of it
            }
        } catch (IOException e) {
            // Where memory ends that can be read, reading on is an error.
            if (bytes.position() == 0) {
                throw e;
            }
        }
        if (!pending()) {
            throw new IOException("the call was given up");
        }
        return Arrays.copyOf(bytes.array(), bytes.position());
    }
}
