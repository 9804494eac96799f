package dev.ringfence.runner.process;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The C library, as all of this module calls it: its methods are one call each, with the call's own blocking behaviour.
 * One that fails throws {@link NativeCallException} with its errno, unless it says otherwise. Thread-safe.
 *
 * <p>The functions that {@link SpawnCall} calls are found here as well: of this module's classes, this alone is initialised
 * when a native image runs.
 *
 * <p>Structure sizes and constants are those of Linux on x86-64 and aarch64 with glibc. A native image needs each shape
 * of call declared in {@code META-INF/native-image}, and this class initialised at run time.
 */
final class Libc {
    static final int O_RDONLY = 0;
    static final int O_WRONLY = 1;
    static final short POLLIN = 1;
    static final short POLLOUT = 4;
    static final short POLLERR = 8;
    static final int RLIMIT_FSIZE = 1;
    static final int RLIMIT_DATA = 2;
    static final int RLIMIT_CORE = 4;
    static final int RLIMIT_NPROC = 6;
    static final int RLIMIT_NOFILE = 7;
    static final int RLIMIT_RTTIME = 15;

    private static final int MFD_CLOEXEC = 1;
    private static final int O_CLOEXEC = 0x80000;
    private static final int O_PATH = 0x200000;
    private static final int F_DUPFD_CLOEXEC = 1030;
    private static final int F_SETFL = 4;
    private static final int O_NONBLOCK = 0x800;
    private static final Linker LINKER = Linker.nativeLinker();
    /** Where each call leaves its errno. */
    static final StructLayout CALL_STATE = Linker.Option.captureStateLayout();

    private static final VarHandle ERRNO = CALL_STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    private static final Set<FunctionDescriptor> SHAPES = ConcurrentHashMap.newKeySet();

    private static final MethodHandle PIPE2 = function("pipe2", JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle OPEN = function("open", JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle CLOSE = function("close", JAVA_INT, JAVA_INT);
    private static final MethodHandle FCNTL = function("fcntl", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle READ = function("read", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle WRITE = function("write", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle LSEEK = function("lseek", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle POLL = function("poll", JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle EVENTFD = function("eventfd", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle MEMFD_CREATE = function("memfd_create", JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle KILL = function("kill", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle WAIT4 = function("wait4", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS);
    private static final MethodHandle PRLIMIT = function("prlimit", JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
    private static final MethodHandle SETPRIORITY = function("setpriority", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle GETEUID = function("geteuid", JAVA_INT);
    private static final MethodHandle SYSCALL =
            function("syscall", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    // Called by SpawnCall.
    static final MethodHandle SPAWN =
            function("posix_spawn", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
    static final MethodHandle ACTIONS_INIT = function("posix_spawn_file_actions_init", JAVA_INT, ADDRESS);
    static final MethodHandle ACTIONS_DESTROY = function("posix_spawn_file_actions_destroy", JAVA_INT, ADDRESS);
    static final MethodHandle ACTIONS_DUP2 =
            function("posix_spawn_file_actions_adddup2", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    static final MethodHandle ACTIONS_CLOSEFROM =
            function("posix_spawn_file_actions_addclosefrom_np", JAVA_INT, ADDRESS, JAVA_INT);
    static final MethodHandle ACTIONS_CHDIR =
            function("posix_spawn_file_actions_addchdir_np", JAVA_INT, ADDRESS, ADDRESS);
    static final MethodHandle ATTR_INIT = function("posix_spawnattr_init", JAVA_INT, ADDRESS);
    static final MethodHandle ATTR_DESTROY = function("posix_spawnattr_destroy", JAVA_INT, ADDRESS);
    static final MethodHandle ATTR_FLAGS = function("posix_spawnattr_setflags", JAVA_INT, ADDRESS, JAVA_SHORT);
    static final MethodHandle ATTR_SIGMASK = function("posix_spawnattr_setsigmask", JAVA_INT, ADDRESS, ADDRESS);
    static final MethodHandle ATTR_SIGDEFAULT = function("posix_spawnattr_setsigdefault", JAVA_INT, ADDRESS, ADDRESS);

    private Libc() {}

    /** A read end and a write end, both closed on exec. */
    record Pipe(int readEnd, int writeEnd) {}

    /** The shapes of all calls made here, for NativeMetadataTest: native images must know them beforehand. */
    static Set<FunctionDescriptor> shapes() {
        return Set.copyOf(SHAPES);
    }

    static Pipe pipe() {
        try (var arena = Arena.ofConfined()) {
            var ends = arena.allocate(JAVA_INT, 2);
            var state = arena.allocate(CALL_STATE);
            check("pipe2", state, (int) PIPE2.invokeExact(state, ends, O_CLOEXEC));
            return new Pipe(ends.getAtIndex(JAVA_INT, 0), ends.getAtIndex(JAVA_INT, 1));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /** Stands for what lies at a path, without opening it for reading or writing; a link there is not followed. */
    static int pathDescriptor(String path) {
        return open(path, O_PATH | SystemCalls.O_NOFOLLOW);
    }

    /** Opens what is there already; closed on exec. */
    static int open(String path, int flags) {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(CALL_STATE);
            return check("open", state, (int) OPEN.invokeExact(state, arena.allocateFrom(path), flags | O_CLOEXEC));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    static void close(int descriptor) {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(CALL_STATE);
            // An error of close(2) still closes; there is nothing to retry.
            int _ = (int) CLOSE.invokeExact(state, descriptor);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /** A duplicate with a number of at least {@code lowest}, closed on exec. */
    static int duplicate(int descriptor, int lowest) {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(CALL_STATE);
            return check("fcntl", state, (int) FCNTL.invokeExact(state, descriptor, F_DUPFD_CLOEXEC, lowest));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /** Only for descriptors whose open file description is ours alone: the flag is shared with duplicates. */
    static void nonBlocking(int descriptor) {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(CALL_STATE);
            check("fcntl", state, (int) FCNTL.invokeExact(state, descriptor, F_SETFL, O_NONBLOCK));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /** Takes back {@link #nonBlocking}, and every other status flag. */
    static void blocking(int descriptor) {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(CALL_STATE);
            check("fcntl", state, (int) FCNTL.invokeExact(state, descriptor, F_SETFL, 0));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /** Bytes read, or zero at the end of the file. */
    static long read(int descriptor, MemorySegment buffer) {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(CALL_STATE);
            return check("read", state, (long) READ.invokeExact(state, descriptor, buffer, buffer.byteSize()));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    static long write(int descriptor, MemorySegment bytes) {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(CALL_STATE);
            return check("write", state, (long) WRITE.invokeExact(state, descriptor, bytes, bytes.byteSize()));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /**
     * Waits until one of the {@code struct pollfd} entries is ready.
     *
     * @return how many are; zero when the time is up or a signal came
     */
    static int poll(MemorySegment entries, int count, int timeoutMillis) {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(CALL_STATE);
            int ready = (int) POLL.invokeExact(state, entries, (long) count, timeoutMillis);
            return ready < 0 && errno(state) == Errno.EINTR ? 0 : check("poll", state, ready);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    static int eventDescriptor() {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(CALL_STATE);
            return check("eventfd", state, (int) EVENTFD.invokeExact(state, 0, O_CLOEXEC | O_NONBLOCK));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /** An empty file that has no name in any directory; closed on exec. */
    static int memoryFile(String name) {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(CALL_STATE);
            return check("memfd_create", state, (int)
                    MEMFD_CREATE.invokeExact(state, arena.allocateFrom(name), MFD_CLOEXEC));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /** Reading and writing goes on at the file's start. */
    static void rewind(int descriptor) {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(CALL_STATE);
            check("lseek", state, (long) LSEEK.invokeExact(state, descriptor, 0L, 0));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /** Signals a child that has not been waited for, or with a negative number its group. False when there is none. */
    static boolean kill(int pid, int signal) {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(CALL_STATE);
            int result = (int) KILL.invokeExact(state, pid, signal);
            if (result < 0 && errno(state) == Errno.ESRCH) {
                return false;
            }
            check("kill", state, result);
            return true;
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /**
     * As wait4(2), over again when a signal comes.
     *
     * @return the child's process id, zero when it has not ended, or the negative errno
     */
    static int wait(int pid, MemorySegment status, int options, MemorySegment usage) {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(CALL_STATE);
            int result;
            do {
                result = (int) WAIT4.invokeExact(state, pid, status, options, usage);
            } while (result < 0 && errno(state) == Errno.EINTR);
            return result < 0 ? -errno(state) : result;
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /** Sets the soft and the hard limit of a process that cannot run meanwhile. */
    static void limit(int pid, int resource, long value) {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(CALL_STATE);
            var limits = arena.allocateFrom(JAVA_LONG, value, value);
            check("prlimit", state, (int) PRLIMIT.invokeExact(state, pid, resource, limits, MemorySegment.NULL));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    static void priority(int pid, int nice) {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(CALL_STATE);
            check("setpriority", state, (int) SETPRIORITY.invokeExact(state, 0, pid, nice));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    static int effectiveUser() {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(CALL_STATE);
            return (int) GETEUID.invokeExact(state);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /**
     * A system call by its number, which differs between architectures; see {@link SystemCalls}.
     *
     * @return its result, or the negative errno
     */
    static long syscall(long number, long a, long b, long c, long d, long e, long f) {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(CALL_STATE);
            long result = (long) SYSCALL.invokeExact(state, number, a, b, c, d, e, f);
            return result == -1 ? -errno(state) : result;
        } catch (Throwable failure) {
            throw rethrow(failure);
        }
    }

    @SuppressWarnings("restricted") // the class exists to make these calls
    private static MethodHandle function(String name, MemoryLayout result, MemoryLayout... parameters) {
        var symbol = LINKER.defaultLookup()
                .find(name)
                .orElseThrow(() -> new UnsupportedOperationException(
                        "the C library has no " + name + "; Ringfence needs Linux with glibc 2.34 or newer"));
        var shape = FunctionDescriptor.of(result, parameters);
        SHAPES.add(shape);
        return LINKER.downcallHandle(symbol, shape, Linker.Option.captureCallState("errno"));
    }

    private static int check(String call, MemorySegment state, int result) {
        if (result < 0) {
            throw new NativeCallException(call, errno(state));
        }
        return result;
    }

    private static long check(String call, MemorySegment state, long result) {
        if (result < 0) {
            throw new NativeCallException(call, errno(state));
        }
        return result;
    }

    private static int errno(MemorySegment state) {
        return (int) ERRNO.get(state, 0L);
    }

    /** What a handle throws; none of them declares more. */
    static RuntimeException rethrow(Throwable e) {
        return switch (e) {
            case RuntimeException known -> known;
            case Error error -> throw error;
            default -> new IllegalStateException(e);
        };
    }
}
