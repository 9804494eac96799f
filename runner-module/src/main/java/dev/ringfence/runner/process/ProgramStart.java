package dev.ringfence.runner.process;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** A program that was just started, and what has to stay open as long as it is watched. Used by its keeper. */
final class ProgramStart implements AutoCloseable {
    /** Only until the starting thread is done, which nothing tells of. */
    private static final int LOOK_MILLIS = 1;

    private final Tree tree;
    private final @Nullable Listener listener;
    private final @Nullable ConfinedStart start;

    private final Optional<Warden> warden;
    private final boolean begun;

    private ProgramStart(
            Tree tree,
            @Nullable Listener listener,
            @Nullable ConfinedStart start,
            Optional<Warden> warden,
            boolean begun) {
        this.tree = tree;
        this.listener = listener;
        this.start = start;
        this.warden = warden;
        this.begun = begun;
    }

    Tree tree() {
        return tree;
    }

    /** False when it was killed before its first instruction, since its time was over or it was told to stop. */
    boolean begun() {
        return begun;
    }

    @Override
    public void close() {
        if (listener != null) {
            listener.close();
        }
        if (start != null) {
            start.release();
        }
        warden.ifPresent(Warden::close);
    }

    /**
     * Starts a program.
     *
     * @param mine takes the keeper's ends
     * @param channels takes what the keeper has to look at
     * @param wake makes the keeper look
     * @param over whether it is to be ended; once true it stays so
     * @throws NativeCallException when it could not be started
     */
    static ProgramStart of(
            ProcessRequest request,
            Supervisor supervisor,
            Descriptors mine,
            List<Channel> channels,
            Runnable wake,
            BooleanSupplier over) {
        try (var childSide = new Descriptors(request.descriptors())) {
            var theirs = descriptors(request, mine, childSide, channels, wake);
            if (request.confinement().isEmpty()) {
                try (var arena = Arena.ofConfined()) {
                    return plain(prepare(arena, request, theirs), request, supervisor);
                }
            }
            return confined(prepare(Arena.ofAuto(), request, theirs), request, supervisor, channels, over);
        } finally {
            request.confinement().flatMap(Confinement::landlock).ifPresent(Landlock::close);
        }
    }

    private static List<Integer> descriptors(
            ProcessRequest request, Descriptors mine, Descriptors childSide, List<Channel> channels, Runnable wake) {
        var theirs = new ArrayList<Integer>();
        channels.add(new Channel.Input(childSide.split(mine, true), request.input(), wake));
        theirs.add(childSide.last());
        channels.add(new Channel.Output(childSide.split(mine, false), Stream.STDOUT));
        theirs.add(childSide.last());
        channels.add(new Channel.Output(childSide.split(mine, false), Stream.STDERR));
        theirs.add(childSide.last());
        for (byte[] content : request.data()) {
            theirs.add(childSide.raise(memoryFile(request.name(), content)));
        }
        for (var file : request.files()) {
            theirs.add(childSide.copy(file.descriptor()));
        }
        if (request.supervised()) {
            channels.add(new Channel.Status(childSide.split(mine, false)));
            theirs.add(childSide.last());
            channels.add(new Channel.Gate(childSide.split(mine, true)));
            theirs.add(childSide.last());
        }
        return theirs;
    }

    /** An anonymous file that holds {@code content}, to be read from its start. */
    private static int memoryFile(String name, byte[] content) {
        int descriptor = Libc.memoryFile(name);
        try (var arena = Arena.ofConfined()) {
            var bytes = arena.allocateFrom(JAVA_BYTE, content);
            long written = 0;
            while (written < content.length) {
                written += Libc.write(descriptor, bytes.asSlice(written));
            }
            Libc.rewind(descriptor);
            return descriptor;
        } catch (RuntimeException | Error e) {
            Libc.close(descriptor);
            throw e;
        }
    }

    private static SpawnCall prepare(Arena arena, ProcessRequest request, List<Integer> theirs) {
        return SpawnCall.prepare(
                arena,
                request.executable().toString(),
                request.argv(),
                request.environment().entrySet().stream()
                        .map(e -> e.getKey() + "=" + e.getValue())
                        .toList(),
                request.directory().toString(),
                theirs);
    }

    private static ProgramStart plain(SpawnCall call, ProcessRequest request, Supervisor supervisor) {
        try {
            supervisor.starting();
            int pid = call.make();
            supervisor.started();
            SystemCalls.check("posix_spawn of " + request.executable(), pid);
            var tree = new Tree(pid, Optional.empty());
            try {
                supervisor.spawned(tree);
            } catch (RuntimeException | Error e) {
                tree.killChild();
                try {
                    tree.end();
                } catch (RuntimeException stuck) {
                    e.addSuppressed(stuck);
                }
                throw e;
            }
            return new ProgramStart(tree, null, null, Optional.empty(), true);
        } finally {
            call.discard();
        }
    }

    private static ProgramStart confined(
            SpawnCall call,
            ProcessRequest request,
            Supervisor supervisor,
            List<Channel> channels,
            BooleanSupplier over) {
        var confinement = request.confinement().orElseThrow();
        try {
            var warden = confinement.landlock().isPresent() ? Warden.begin(request.name()) : Optional.<Warden>empty();
            try {
                return confined(call, request, supervisor, channels, over, warden);
            } catch (RuntimeException | Error e) {
                warden.ifPresent(Warden::close);
                throw e;
            }
        } finally {
            // The starting thread is done, or never was.
            call.discard();
        }
    }

    private static ProgramStart confined(
            SpawnCall call,
            ProcessRequest request,
            Supervisor supervisor,
            List<Channel> channels,
            BooleanSupplier over,
            Optional<Warden> warden) {
        var confinement = request.confinement().orElseThrow();
        var start = ConfinedStart.begin(
                request.name(),
                confinement,
                call,
                supervisor,
                Arena.ofAuto(),
                thread -> warden.ifPresentOrElse(found -> found.start(thread), thread::start));
        try {
            var listener = start.listener();
            var made = new ArrayList<Tree>();
            try {
                var calls = new Channel.Calls(
                        listener, confinement.calls(), call.path().address());
                boolean begun;
                try (var first = new FirstInstruction(!confinement.launcher(), over)) {
                    untilItRuns(start, calls, first, pid -> {
                        made.add(new Tree(pid, warden));
                        supervisor.spawned(made.getFirst());
                    });
                    long pid = start.pid(request.executable().toString());
                    if (made.isEmpty() || made.getFirst().pid() != pid) {
                        throw new IllegalStateException("the program did not wait to be looked at");
                    }
                    begun = first.release(start.thread());
                }
                channels.add(calls);
                return new ProgramStart(made.getFirst(), listener, start, warden, begun);
            } catch (RuntimeException | Error e) {
                // Fails the execve that may still wait, and so the start.
                listener.close();
                start.awaitDone();
                start.running().ifPresent(pid -> {
                    var _ = Libc.kill(-pid, Signals.SIGKILL);
                    var _ = Waited.await(pid);
                });
                for (var tree : made) {
                    tree.close();
                }
                start.release();
                throw e;
            }
        } finally {
            start.awaitDone();
        }
    }

    /**
     * Answers the questions of a start, and with them what the program asks at once.
     *
     * @param made hears the program's number as soon as there is one, also when the start fails after that
     */
    private static void untilItRuns(
            ConfinedStart start, Channel.Calls calls, FirstInstruction first, IntConsumer made) {
        try (var arena = Arena.ofConfined()) {
            var entry = PollEntries.allocate(arena, 1);
            int count = entry.fill(List.of(calls));
            boolean known = false;
            while (!start.done()) {
                if (Libc.poll(entry.segment(), count, LOOK_MILLIS) == 0) {
                    first.look();
                    continue;
                }
                if ((entry.events(0) & Libc.POLLIN) == 0) {
                    // Nothing is left that could ask.
                    start.awaitDone();
                    break;
                }
                var asked = calls.listener().receive();
                if (asked.isEmpty()) {
                    continue;
                }
                var call = asked.get();
                boolean ours = call.number() == SystemCalls.CLONE && call.thread() == start.thread();
                if (calls.atGate(call) && !known) {
                    known = true;
                    made.accept(call.thread());
                    first.hold(call.thread());
                }
                if (ours || calls.atGate(call)) {
                    var _ = call.proceed();
                } else {
                    calls.decider().decide(call);
                }
            }
        }
    }
}
