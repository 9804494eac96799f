package dev.ringfence.runner.process;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
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
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The one class that calls the C library. Every method is one call, with the call's own blocking behaviour; a call that
 * fails throws {@link NativeCallException} with its errno. Thread-safe.
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

    private static final int WNOHANG = 1;
    private static final int O_CLOEXEC = 0x80000;
    private static final int O_PATH = 0x200000;
    private static final int F_DUPFD_CLOEXEC = 1030;
    private static final int F_SETFL = 4;
    private static final int O_NONBLOCK = 0x800;
    private static final short SPAWN_SETSIGDEF = 0x04;
    private static final short SPAWN_SETSIGMASK = 0x08;
    private static final short SPAWN_SETSID = 0x80;

    /** Larger than glibc's on either architecture: 80 and 336 bytes. */
    private static final long SPAWN_STRUCT_SIZE = 1024;

    private static final long SIGSET_SIZE = 128;

    /** {@code struct rusage}: two timevals, then ru_maxrss in KiB, then thirteen longs. */
    static final long RUSAGE_SIZE = 144;

    private static final long OUTPUT_BLOCKS = 96;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout CALL_STATE = Linker.Option.captureStateLayout();
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
    private static final MethodHandle SPAWN =
            function("posix_spawn", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
    private static final MethodHandle ACTIONS_INIT = function("posix_spawn_file_actions_init", JAVA_INT, ADDRESS);
    private static final MethodHandle ACTIONS_DESTROY = function("posix_spawn_file_actions_destroy", JAVA_INT, ADDRESS);
    private static final MethodHandle ACTIONS_DUP2 =
            function("posix_spawn_file_actions_adddup2", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    private static final MethodHandle ACTIONS_CLOSEFROM =
            function("posix_spawn_file_actions_addclosefrom_np", JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle ACTIONS_CHDIR =
            function("posix_spawn_file_actions_addchdir_np", JAVA_INT, ADDRESS, ADDRESS);
    private static final MethodHandle ATTR_INIT = function("posix_spawnattr_init", JAVA_INT, ADDRESS);
    private static final MethodHandle ATTR_DESTROY = function("posix_spawnattr_destroy", JAVA_INT, ADDRESS);
    private static final MethodHandle ATTR_FLAGS = function("posix_spawnattr_setflags", JAVA_INT, ADDRESS, JAVA_SHORT);
    private static final MethodHandle ATTR_SIGMASK = function("posix_spawnattr_setsigmask", JAVA_INT, ADDRESS, ADDRESS);
    private static final MethodHandle ATTR_SIGDEFAULT =
            function("posix_spawnattr_setsigdefault", JAVA_INT, ADDRESS, ADDRESS);

    private Libc() {}

    /** A read end and a write end, both closed on exec. */
    record Pipe(int readEnd, int writeEnd) {}

    /**
     * How a child ended and what it and the children it waited for used.
     *
     * @param status as wait(2) gives it
     * @param maxResidentBytes of the largest single process among them
     * @param writtenBytes to block devices
     */
    record Waited(int status, long userMicros, long systemMicros, long maxResidentBytes, long writtenBytes) {
        static final Waited NOTHING = new Waited(0, 0, 0, 0, 0);

        /** @param usage a {@code struct rusage} */
        static Waited of(int status, MemorySegment usage) {
            return new Waited(
                    status,
                    usage.get(JAVA_LONG, 0) * 1_000_000 + usage.get(JAVA_LONG, 8),
                    usage.get(JAVA_LONG, 16) * 1_000_000 + usage.get(JAVA_LONG, 24),
                    usage.get(JAVA_LONG, 32) * 1024,
                    usage.get(JAVA_LONG, OUTPUT_BLOCKS) * 512);
        }

        boolean signalled() {
            return (status & 0x7f) != 0;
        }

        int signal() {
            return status & 0x7f;
        }

        int exitCode() {
            return (status >> 8) & 0xff;
        }

        /** What both used. */
        Waited plus(Waited other) {
            return new Waited(
                    status,
                    userMicros + other.userMicros,
                    systemMicros + other.systemMicros,
                    Math.max(maxResidentBytes, other.maxResidentBytes),
                    writtenBytes + other.writtenBytes);
        }
    }

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

    /** An anonymous file that holds {@code content}, to be read from its start. */
    static int memoryFile(String name, byte[] content) {
        int descriptor;
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(CALL_STATE);
            descriptor =
                    check("memfd_create", state, (int) MEMFD_CREATE.invokeExact(state, arena.allocateFrom(name), 1));
        } catch (Throwable e) {
            throw rethrow(e);
        }
        try (var arena = Arena.ofConfined()) {
            var bytes = arena.allocateFrom(JAVA_BYTE, content);
            long written = 0;
            while (written < content.length) {
                written += write(descriptor, bytes.asSlice(written));
            }
            var state = arena.allocate(CALL_STATE);
            check("lseek", state, (long) LSEEK.invokeExact(state, descriptor, 0L, 0));
            return descriptor;
        } catch (Throwable e) {
            close(descriptor);
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

    /** Takes the entry of a child of ours that has ended from the process table; empty when it is no such child. */
    static Optional<Waited> reap(int pid) {
        return wait(pid, WNOHANG);
    }

    /** Waits for a child of ours and takes its entry from the process table. */
    static Waited await(int pid) {
        return wait(pid, 0).orElseThrow(() -> new NativeCallException("wait4", Errno.ECHILD));
    }

    private static Optional<Waited> wait(int pid, int options) {
        try (var arena = Arena.ofConfined()) {
            var state = arena.allocate(CALL_STATE);
            var status = arena.allocate(JAVA_INT);
            var usage = arena.allocate(RUSAGE_SIZE, 8);
            int result;
            do {
                result = (int) WAIT4.invokeExact(state, pid, status, options, usage);
            } while (result < 0 && errno(state) == Errno.EINTR);
            if (result == 0 || (result < 0 && errno(state) == Errno.ECHILD)) {
                return Optional.empty();
            }
            check("wait4", state, result);
            return Optional.of(Waited.of(status.get(JAVA_INT, 0), usage));
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
     * A call of posix_spawn(3), ready to be made: nothing but the call itself is left to do.
     *
     * @param path the program's path as the call will pass it; its address is what the child's execve will name
     */
    record SpawnCall(
            MemorySegment path,
            MemorySegment pid,
            MemorySegment actions,
            MemorySegment attributes,
            MemorySegment argv,
            MemorySegment environment,
            MemorySegment state) {}

    /**
     * Prepares the start of a program in a session of its own, with no signal blocked or ignored.
     *
     * @param descriptors what the child has as 0, 1, 2, …; each number must be above all of the child's. Every other
     *     descriptor is closed in the child
     */
    static SpawnCall prepareSpawn(
            Arena arena,
            String executable,
            List<String> argv,
            List<String> environment,
            String directory,
            List<Integer> descriptors) {
        try {
            var state = arena.allocate(CALL_STATE);
            var actions = arena.allocate(SPAWN_STRUCT_SIZE, 16);
            var attributes = arena.allocate(SPAWN_STRUCT_SIZE, 16);
            checkSpawn("posix_spawn_file_actions_init", (int) ACTIONS_INIT.invokeExact(state, actions));
            checkSpawn("posix_spawnattr_init", (int) ATTR_INIT.invokeExact(state, attributes));
            for (int child = 0; child < descriptors.size(); child++) {
                int mine = descriptors.get(child);
                checkSpawn("adddup2", (int) ACTIONS_DUP2.invokeExact(state, actions, mine, child));
            }
            checkSpawn("addclosefrom", (int) ACTIONS_CLOSEFROM.invokeExact(state, actions, descriptors.size()));
            checkSpawn("addchdir", (int) ACTIONS_CHDIR.invokeExact(state, actions, arena.allocateFrom(directory)));
            var none = arena.allocate(SIGSET_SIZE, 8);
            var all = arena.allocate(SIGSET_SIZE, 8);
            // Not sigfillset(3): it leaves out 32 and 33, which glibc would then set to be ignored.
            all.fill((byte) 0xff);
            checkSpawn("setsigmask", (int) ATTR_SIGMASK.invokeExact(state, attributes, none));
            checkSpawn("setsigdefault", (int) ATTR_SIGDEFAULT.invokeExact(state, attributes, all));
            checkSpawn("setflags", (int) ATTR_FLAGS.invokeExact(
                    state, attributes, (short) (SPAWN_SETSIGDEF | SPAWN_SETSIGMASK | SPAWN_SETSID)));
            return new SpawnCall(
                    arena.allocateFrom(executable),
                    arena.allocate(JAVA_INT),
                    actions,
                    attributes,
                    strings(arena, argv),
                    strings(arena, environment),
                    state);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /**
     * Makes a prepared call, by any one thread and once.
     *
     * @return the child's process id, to be waited for, or the negative errno
     */
    static int spawn(SpawnCall call) {
        try {
            int error = (int) SPAWN.invokeExact(
                    call.state, call.pid, call.path, call.actions, call.attributes, call.argv, call.environment);
            return error == 0 ? call.pid.get(JAVA_INT, 0) : -error;
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /** Frees what the C library keeps for a prepared call. */
    static void discard(SpawnCall call) {
        try {
            int _ = (int) ATTR_DESTROY.invokeExact(call.state, call.attributes);
            int _ = (int) ACTIONS_DESTROY.invokeExact(call.state, call.actions);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    private static MemorySegment strings(Arena arena, List<String> values) {
        var array = arena.allocate(ADDRESS, values.size() + 1L);
        for (int i = 0; i < values.size(); i++) {
            array.setAtIndex(ADDRESS, i, arena.allocateFrom(values.get(i)));
        }
        array.setAtIndex(ADDRESS, values.size(), MemorySegment.NULL);
        return array;
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

    /** The posix_spawn family returns the error itself. */
    private static void checkSpawn(String call, int result) {
        if (result != 0) {
            throw new NativeCallException(call, result);
        }
    }

    private static int errno(MemorySegment state) {
        return (int) ERRNO.get(state, 0L);
    }

    private static RuntimeException rethrow(Throwable e) {
        return switch (e) {
            case RuntimeException known -> known;
            case Error error -> throw error;
            default -> new IllegalStateException(e);
        };
    }
}
