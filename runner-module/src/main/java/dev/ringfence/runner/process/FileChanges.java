package dev.ringfence.runner.process;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Changes the rights and times of files in a confined program's place. The kernel lets the owner of a file do so wherever
 * it is, and Landlock does not guard that; so the program's calls are asked about, and what they name is looked at: once it
 * is held by a descriptor, so that nothing else can come in its place, and is where the program may write, the change is made
 * to what is held. Bits that let others act as the owner are left out.
 *
 * <p>Thread-safe. Calls are answered one after the other by a thread apart, since a file system may take its time. Those
 * that wait for their turn are no more than the program has threads, or hardly so: whoever was killed waits no longer.
 */
public final class FileChanges implements CallDecider {
    /** The calls that are to be asked about. */
    public static final Set<String> CALLS = Arrays.stream(FileCall.values())
            .map(call -> call.name().toLowerCase(Locale.ROOT))
            .collect(Collectors.toUnmodifiableSet());

    private static final Logger LOG = Logger.getLogger(FileChanges.class);

    private static final byte[] NOTHING = {0};

    /**
     * How C libraries name a file that they hold, to change its mode and follow no link; there is no /proc of the
     * program's own here, and for the service these are its own descriptors.
     */
    private static final Pattern OWN_DESCRIPTOR = Pattern.compile("/+(?:proc/+(?:thread-)?self|dev)/+fd/+([0-9]{1,9})");

    private static final int LONGEST_PATH = 4096;
    private static final int MODE_BITS = 01777;
    private static final int AT_FDCWD = -100;
    private static final int AT_SYMLINK_NOFOLLOW = 0x100;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final long NANOS_PER_MICRO = 1000;
    private static final long MICROS_PER_SECOND = 1_000_000;

    private final Predicate<Path> changeable;
    private final OptionalInt user;
    private final AtomicBoolean told = new AtomicBoolean();

    /** Calls that wait, before those that nobody waits for any more are looked for. */
    private static final int FEW = 64;

    /** Calls that wait at most, each of another thread. */
    private static final int MOST = 8192;

    /** Guards what follows. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Deque<NotifiedCall> waiting = new ArrayDeque<>();
    private int enough = FEW;

    /** One at a time: this is work of the service's, which no limit of the job holds. */
    private boolean answering;

    /** Used by who answers. */
    private final ServicePace pace = new ServicePace(System.nanoTime());

    /**
     * Decides for one program.
     *
     * @param changeable whether the program may change what lies at a path without links
     * @param user whose the program is, if that is not the service's
     */
    public FileChanges(Predicate<Path> changeable, OptionalInt user) {
        this.changeable = changeable;
        this.user = user;
    }

    @Override
    public void decide(NotifiedCall call) {
        lock.lock();
        try {
            if (waiting.size() >= enough) {
                waiting.removeIf(other -> !other.pending());
                enough = Math.clamp(2L * waiting.size(), FEW, MOST);
            }
            if (waiting.size() >= MOST) {
                var _ = call.fail(Errno.EAGAIN);
                return;
            }
            waiting.add(call);
            if (!answering) {
                Thread.ofVirtual().name("file-changes").start(this::answer);
                answering = true;
            }
        } finally {
            lock.unlock();
        }
    }

    /** How many calls wait for their turn. */
    int waiting() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    /** Until none waits. */
    private void answer() {
        for (var call = next(); call != null; call = next()) {
            try {
                if (call.pending()) {
                    answer(call);
                }
            } catch (RuntimeException | Error e) {
                // It may not even be told; those that wait behind it are answered all the same.
                tell(call, e);
            }
        }
    }

    private @Nullable NotifiedCall next() {
        lock.lock();
        try {
            var call = waiting.poll();
            answering = call != null;
            return call;
        } finally {
            lock.unlock();
        }
    }

    private void answer(NotifiedCall call) {
        long begin = System.nanoTime();
        try {
            // Rights to get there, and to change it, are those of the program's user.
            UserThread.apart(user, () -> change(call));
            var _ = call.succeed(0);
        } catch (Refused e) {
            var _ = call.fail(e.errno);
        } catch (NativeCallException e) {
            var _ = call.fail(e.errno());
        } catch (RuntimeException | Error e) {
            // The program waits for an answer, whatever comes in between.
            tell(call, e);
            var _ = call.fail(Errno.EIO);
        } finally {
            // Whoever comes next waits until it is over.
            LockSupport.parkNanos(pace.worked(begin, System.nanoTime()));
        }
    }

    /** Once: a program may ask often. */
    private void tell(NotifiedCall call, Throwable failure) {
        if (told.compareAndSet(false, true)) {
            LOG.errorf(
                    failure,
                    "a file of thread %d could not be changed for a reason that is none of the job's",
                    call.thread());
        }
    }

    private static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final int errno;

        Refused(int errno) {
            super("errno " + errno, null, false, false);
            this.errno = errno;
        }
    }

    private void change(NotifiedCall call) {
        switch (FileCall.of(call.number())) {
            case CHMOD -> mode(call, AT_FDCWD, 0, 1, 0);
            case FCHMOD -> mode(call, descriptor(call, 0), -1, 1, 0);
            case FCHMODAT -> mode(call, descriptor(call, 0), 1, 2, 0);
            case FCHMODAT2 -> mode(call, descriptor(call, 0), 1, 2, call.argument(3));
            case UTIME -> times(call, AT_FDCWD, 0, seconds(call, 1), 0);
            case UTIMES -> times(call, AT_FDCWD, 0, micros(call, 1), 0);
            case FUTIMESAT -> times(call, descriptor(call, 0), 1, micros(call, 2), 0);
            case UTIMENSAT -> times(call, descriptor(call, 0), 1, words(call, 2, 4), call.argument(3));
        }
    }

    private static int descriptor(NotifiedCall call, int argument) {
        return (int) call.argument(argument);
    }

    private void mode(NotifiedCall call, int directory, int path, int mode, long flags) {
        int file = open(call, directory, path, flags);
        try {
            SystemCalls.changeMode(file, (int) call.argument(mode) & MODE_BITS);
        } finally {
            Libc.close(file);
        }
    }

    private void times(NotifiedCall call, int directory, int path, long @Nullable [] times, long flags) {
        int file = open(call, directory, path, flags);
        try {
            SystemCalls.changeTimes(file, times);
        } finally {
            Libc.close(file);
        }
    }

    /**
     * Holds what a call names, if the program may change it.
     *
     * @param path the number of the argument that is one; negative when the directory's descriptor is the file
     */
    private int open(NotifiedCall call, int directory, int path, long flags) {
        if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
            throw new Refused(Errno.EINVAL);
        }
        byte[] name = path < 0 || call.argument(path) == 0 ? NOTHING : path(call, call.argument(path));
        int file = open(Path.of("/proc", Integer.toString(call.thread())), directory, name, flags);
        try {
            if (!changeable.test(Files.readSymbolicLink(Path.of("/proc/self/fd", Integer.toString(file))))
                    || !call.pending()) {
                throw new Refused(Errno.EPERM);
            }
            return file;
        } catch (IOException e) {
            Libc.close(file);
            throw new Refused(Errno.EPERM);
        } catch (RuntimeException e) {
            Libc.close(file);
            throw e;
        }
    }

    private static int open(Path process, int directory, byte[] name, long flags) {
        boolean follow = (flags & AT_SYMLINK_NOFOLLOW) == 0;
        var own = OWN_DESCRIPTOR.matcher(new String(name, 0, name.length - 1, StandardCharsets.ISO_8859_1));
        if (follow && own.matches()) {
            return SystemCalls.linkedPath(process.resolve("fd/" + own.group(1)).toString());
        }
        if (name[0] == '/') {
            // The program sees the tree that the service sees.
            return SystemCalls.path(AT_FDCWD, name, follow);
        }
        var base = directory == AT_FDCWD ? process.resolve("cwd") : process.resolve("fd/" + directory);
        int start = SystemCalls.linkedPath(base.toString());
        if (name[0] == 0) {
            return start;
        }
        try {
            return SystemCalls.path(start, name, follow);
        } finally {
            Libc.close(start);
        }
    }

    /** With its end; names are bytes, whatever they mean. */
    private static byte[] path(NotifiedCall call, long address) {
        byte[] bytes = memory(call, address, LONGEST_PATH);
        for (int end = 0; end < bytes.length; end++) {
            if (bytes[end] == 0) {
                return Arrays.copyOf(bytes, end + 1);
            }
        }
        throw new Refused(bytes.length == LONGEST_PATH ? Errno.ENAMETOOLONG : Errno.EFAULT);
    }

    /** Seconds and nanoseconds, of the last access and the last change; null for now. */
    private static long @Nullable [] words(NotifiedCall call, int argument, int count) {
        if (call.argument(argument) == 0) {
            return null;
        }
        byte[] bytes = memory(call, call.argument(argument), count * Long.BYTES);
        if (bytes.length < count * Long.BYTES) {
            throw new Refused(Errno.EFAULT);
        }
        var words = new long[count];
        ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).asLongBuffer().get(words);
        return words;
    }

    private static long @Nullable [] micros(NotifiedCall call, int argument) {
        long[] times = words(call, argument, 4);
        if (times == null) {
            return null;
        }
        if (times[1] < 0 || times[1] >= MICROS_PER_SECOND || times[3] < 0 || times[3] >= MICROS_PER_SECOND) {
            throw new Refused(Errno.EINVAL);
        }
        return new long[] {times[0], times[1] * NANOS_PER_MICRO, times[2], times[3] * NANOS_PER_MICRO};
    }

    private static long @Nullable [] seconds(NotifiedCall call, int argument) {
        long[] times = words(call, argument, 2);
        return times == null ? null : new long[] {times[0], 0, times[1], 0};
    }

    private static byte[] memory(NotifiedCall call, long address, int length) {
        try {
            return call.memory(address, length);
        } catch (IOException e) {
            throw new Refused(Errno.EFAULT);
        }
    }

    /** The calls, by their names, with their numbers on x86-64 and aarch64, which has no older ones. */
    private enum FileCall {
        CHMOD(90, -1),
        FCHMOD(91, 52),
        FCHMODAT(268, 53),
        FCHMODAT2(452, 452),
        UTIME(132, -1),
        UTIMES(235, -1),
        FUTIMESAT(261, -1),
        UTIMENSAT(280, 88);

        private final int number;

        FileCall(int x86, int arm) {
            this.number = SystemCalls.AARCH64 ? arm : x86;
        }

        static FileCall of(int number) {
            return Arrays.stream(values())
                    .filter(call -> call.number == number)
                    .findFirst()
                    .orElseThrow(() -> new Refused(Errno.EPERM));
        }
    }

    /** Whether a call is one of those that this decides about. */
    public static boolean decides(NotifiedCall call) {
        return Arrays.stream(FileCall.values()).anyMatch(known -> known.number == call.number());
    }
}
