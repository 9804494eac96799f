package dev.ringfence.runner.process;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * Starts a program from a thread that confines itself first. That thread does nothing else and ends with the start, or
 * with a launcher's tree: it can open no files, is another user, and many a system call fails in it. So whatever it needs is made and loaded
 * before, and it reports through fields alone.
 */
final class ConfinedStart {
    private static final long PAUSE_NANOS = 20_000;
    private static final long STACK_BYTES = 256 * 1024;

    private enum Step {
        BOUNDS("giving up capabilities for later"),
        USER("changing to the job's user"),
        CAPABILITIES("giving up capabilities"),
        NO_NEW_PRIVILEGES("setting no_new_privs"),
        LANDLOCK("restricting files by Landlock"),
        FILTER("filtering system calls with a listener"),
        SPAWN("posix_spawn");

        private final String what;

        Step(String what) {
            this.what = what;
        }
    }

    private final Confinement confinement;
    private final SpawnCall call;
    private final Supervisor supervisor;

    // Freed when nothing refers to it any more: a confined arena belongs to one thread, closing a shared one stops all.
    private final MemorySegment program;
    private final MemorySegment capabilities;
    private final MemorySegment groups;

    private volatile Step step = Step.BOUNDS;
    private volatile int thread;
    private volatile int listener = -1;
    private volatile long result;
    private volatile boolean done;
    private final CountDownLatch released = new CountDownLatch(1);

    private ConfinedStart(Confinement confinement, SpawnCall call, Supervisor supervisor, Arena arena) {
        this.confinement = confinement;
        this.call = call;
        this.supervisor = supervisor;
        var filter = Gate.before(confinement.filter(), call.path().address());
        // struct sock_fprog: a length of 16 bits, then a pointer.
        this.program = arena.allocate(16, 8);
        program.set(ValueLayout.JAVA_SHORT, 0, (short) (filter.length / 8));
        program.set(ValueLayout.ADDRESS, 8, arena.allocateFrom(ValueLayout.JAVA_BYTE, filter));
        this.capabilities = SystemCalls.noCapabilities(arena);
        this.groups = arena.allocateFrom(
                ValueLayout.JAVA_INT,
                confinement.groups().stream().mapToInt(Integer::intValue).toArray());
    }

    /**
     * Begins to start a program.
     *
     * @param arena of the call, open to any thread
     * @param by starts the thread that is to start it
     */
    static ConfinedStart begin(
            String name,
            Confinement confinement,
            SpawnCall call,
            Supervisor supervisor,
            Arena arena,
            Consumer<Thread> by) {
        var start = new ConfinedStart(confinement, call, supervisor, arena);
        by.accept(Thread.ofPlatform()
                .name("starter-" + name)
                .daemon(true)
                .stackSize(STACK_BYTES)
                .unstarted(start::run));
        return start;
    }

    /** The filter's listener, once there is one, which belongs to the caller. */
    Listener listener() {
        while (listener < 0 && !done) {
            LockSupport.parkNanos(PAUSE_NANOS);
        }
        if (listener < 0) {
            throw new NativeCallException(step.what, (int) -result);
        }
        return new Listener(listener);
    }

    /** The starting thread, as the kernel numbers it; known when there is a listener. */
    int thread() {
        return thread;
    }

    /** Whether the program runs or cannot be run. */
    boolean done() {
        return done;
    }

    /** Nothing of the tree is left. */
    void release() {
        released.countDown();
    }

    void awaitDone() {
        while (!done) {
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    /**
     * The program's process id.
     *
     * @throws NativeCallException when it could not be started
     */
    int pid(String executable) {
        if (result < 0) {
            throw new NativeCallException(step.what + " of " + executable, (int) -result);
        }
        return (int) result;
    }

    /** The program's process id, if it was started; known once {@link #done}. */
    OptionalInt running() {
        return result > 0 ? OptionalInt.of((int) result) : OptionalInt.empty();
    }

    private void run() {
        try {
            thread = SystemCalls.thread();
            supervisor.starting();
            result = confineAndSpawn();
            if (confinement.launcher()) {
                supervisor.started();
            }
        } finally {
            done = true;
        }
        if (confinement.launcher() && result > 0) {
            stay();
        }
    }

    /** The program ends with this thread. */
    private void stay() {
        boolean over = false;
        while (!over) {
            try {
                released.await();
                over = true;
            } catch (InterruptedException e) {
                // Nobody has a reason to; the program must not end for it.
            }
        }
    }

    private long confineAndSpawn() {
        long outcome = confinement.launcher() ? 0 : SystemCalls.threadBounds();
        if (outcome == 0 && confinement.user().isPresent()) {
            step = Step.USER;
            outcome = SystemCalls.threadUser(confinement.user().getAsInt(), groups);
        }
        if (outcome == 0 && !confinement.launcher()) {
            step = Step.CAPABILITIES;
            outcome = SystemCalls.threadCapabilities(capabilities);
        }
        if (outcome == 0) {
            step = Step.NO_NEW_PRIVILEGES;
            outcome = SystemCalls.threadNoNewPrivileges();
        }
        if (outcome == 0 && confinement.landlock().isPresent()) {
            step = Step.LANDLOCK;
            outcome = SystemCalls.threadLandlock(confinement.landlock().get().descriptor(), false);
        }
        if (outcome < 0) {
            return outcome;
        }
        step = Step.FILTER;
        outcome = SystemCalls.threadFilter(program);
        if (outcome < 0) {
            return outcome;
        }
        step = Step.SPAWN;
        listener = (int) outcome;
        return call.make();
    }
}
