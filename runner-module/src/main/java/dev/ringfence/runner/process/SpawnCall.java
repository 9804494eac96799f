package dev.ringfence.runner.process;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

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
        MemorySegment state) {
    private static final short SPAWN_SETSIGDEF = 0x04;
    private static final short SPAWN_SETSIGMASK = 0x08;
    private static final short SPAWN_SETSID = 0x80;

    /** Larger than glibc's on either architecture: 80 and 336 bytes. */
    private static final long SPAWN_STRUCT_SIZE = 1024;

    private static final long SIGSET_SIZE = 128;

    /**
     * Prepares the start of a program in a session of its own, with no signal blocked or ignored.
     *
     * @param descriptors what the child has as 0, 1, 2, …; each number must be above all of the child's. Every other
     *     descriptor is closed in the child
     */
    static SpawnCall prepare(
            Arena arena,
            String executable,
            List<String> argv,
            List<String> environment,
            String directory,
            List<Integer> descriptors) {
        try {
            var state = arena.allocate(Libc.CALL_STATE);
            var actions = arena.allocate(SPAWN_STRUCT_SIZE, 16);
            var attributes = arena.allocate(SPAWN_STRUCT_SIZE, 16);
            check("posix_spawn_file_actions_init", (int) Libc.ACTIONS_INIT.invokeExact(state, actions));
            check("posix_spawnattr_init", (int) Libc.ATTR_INIT.invokeExact(state, attributes));
            for (int child = 0; child < descriptors.size(); child++) {
                int mine = descriptors.get(child);
                check("adddup2", (int) Libc.ACTIONS_DUP2.invokeExact(state, actions, mine, child));
            }
            check("addclosefrom", (int) Libc.ACTIONS_CLOSEFROM.invokeExact(state, actions, descriptors.size()));
            check("addchdir", (int) Libc.ACTIONS_CHDIR.invokeExact(state, actions, arena.allocateFrom(directory)));
            var none = arena.allocate(SIGSET_SIZE, 8);
            var all = arena.allocate(SIGSET_SIZE, 8);
            // Not sigfillset(3): it leaves out 32 and 33, which glibc would then set to be ignored.
            all.fill((byte) 0xff);
            check("setsigmask", (int) Libc.ATTR_SIGMASK.invokeExact(state, attributes, none));
            check("setsigdefault", (int) Libc.ATTR_SIGDEFAULT.invokeExact(state, attributes, all));
            check("setflags", (int) Libc.ATTR_FLAGS.invokeExact(
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
            throw Libc.rethrow(e);
        }
    }

    /**
     * Makes it, by any one thread and once.
     *
     * @return the child's process id, to be waited for, or the negative errno
     */
    int make() {
        try {
            int error = (int) Libc.SPAWN.invokeExact(state, pid, path, actions, attributes, argv, environment);
            return error == 0 ? pid.get(JAVA_INT, 0) : -error;
        } catch (Throwable e) {
            throw Libc.rethrow(e);
        }
    }

    /** Frees what the C library keeps for it. */
    void discard() {
        try {
            int _ = (int) Libc.ATTR_DESTROY.invokeExact(state, attributes);
            int _ = (int) Libc.ACTIONS_DESTROY.invokeExact(state, actions);
        } catch (Throwable e) {
            throw Libc.rethrow(e);
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

    /** The posix_spawn family returns the error itself. */
    private static void check(String call, int result) {
        if (result != 0) {
            throw new NativeCallException(call, result);
        }
    }
}
