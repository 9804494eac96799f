package dev.ringfence.runner.process;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.smallrye.mutiny.Uni;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Watches one process tree from its start to its end, in one loop on one thread, which is the only writer of all state
 * here. Others only ask it to stop, by {@link #wakeUp}.
 *
 * <pre>
 * RUNNING ── deadline or stop() ──► ASKED ── grace over ──► KILLED
 *    └───────────── child ends ───────┴─────────────────────┴──► tree killed, pipes drained, status taken
 * </pre>
 *
 * As long as the gate is closed nothing of the program has run: there is nobody to ask, and the kill comes at once.
 */
final class Keeper implements RunningProcess {
    private static final Logger LOG = Logger.getLogger(Keeper.class);
    private static final int BUFFER = 64 * 1024;
    private static final int STATUS_LIMIT = 16 * 1024;

    /** What is kept of the words of a launcher, in bytes. */
    private static final int LAUNCHER_WORDS = 16 * 1024;

    /** How long pipes are read after the tree was killed; whoever still holds them then is no process of the tree. */
    private static final long DRAIN_NANOS = Duration.ofSeconds(1).toNanos();

    private static final long NEVER = Long.MAX_VALUE;
    private static final String WAITED_FOR = "rusage (processes that were waited for)";

    /** One for each process that is watched. A small stack: the loop is flat. */
    private static final Executor THREADS = KeptThreads.named("keeper-", 256 * 1024L);

    private enum Phase {
        RUNNING,
        ASKED,
        KILLED
    }

    private final ProcessRequest request;
    private final Supervisor supervisor;
    private final OutputListener listener;

    /** Done when the program may run, or when nothing is left of one that was ended before. */
    private final CompletableFuture<@Nullable Void> started = new CompletableFuture<>();

    private final CompletableFuture<ProcessResult> ended = new CompletableFuture<>();
    private final Capture stdout;
    private final Capture stderr;
    private final Capture launcherWords = new Capture(LAUNCHER_WORDS);
    private final StringBuilder status = new StringBuilder();

    private final WakeUp wakeUp = new WakeUp();
    private volatile boolean stopAsked;

    private Phase phase = Phase.RUNNING;
    private @Nullable ProcessEnd cause;
    private Channel.@Nullable Input input;
    private boolean gateOpen;
    private long startedAt;
    private long deadlineAt;
    private long killAt = NEVER;
    private long drainUntil = NEVER;
    private long lookEvery;
    private long lookAt;
    private ServicePace answers = new ServicePace(0);
    private long answerAt;

    Keeper(ProcessRequest request, Supervisor supervisor, OutputListener listener) {
        this.request = request;
        this.supervisor = supervisor;
        this.listener = listener;
        this.stdout = new Capture(request.capture());
        this.stderr = new Capture(request.capture());
    }

    void start() {
        try {
            THREADS.execute(this::keep);
        } catch (RuntimeException | Error e) {
            giveBack();
            throw new ProcessException(
                    request.executable() + " could not be run: no thread could be made for it: " + e.getMessage(), e);
        }
        try {
            started.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException failure ? failure : e;
        }
    }

    @Override
    public void stop() {
        stopAsked = true;
        wakeUp.ring();
    }

    @Override
    public Uni<ProcessResult> result() {
        // A copy, so that cancelling the subscription does not complete the original.
        return Uni.createFrom().completionStage(() -> ended.copy());
    }

    private void keep() {
        Thread.currentThread().setName("keeper-" + request.name());
        try {
            var result = runAndGiveBack();
            ended.complete(result);
            started.complete(null);
        } catch (RuntimeException | Error e) {
            var failure = e instanceof ProcessException
                    ? e
                    : new ProcessException(request.executable() + " could not be run: " + e.getMessage(), e);
            started.completeExceptionally(failure);
            ended.completeExceptionally(failure);
        }
    }

    private ProcessResult runAndGiveBack() {
        try {
            return run();
        } finally {
            giveBack();
        }
    }

    /** Also what a start that was not come to would have closed. */
    private void giveBack() {
        try {
            request.confinement().flatMap(Confinement::landlock).ifPresent(Landlock::close);
        } finally {
            supervisor.close();
        }
    }

    private ProcessResult run() {
        try (var descriptors = new Descriptors();
                var arena = Arena.ofConfined();
                wakeUp) {
            wakeUp.open();
            return startAndWatch(descriptors, arena);
        }
    }

    private ProcessResult startAndWatch(Descriptors mine, Arena arena) {
        startedAt = System.nanoTime();
        deadlineAt = startedAt + request.deadline().toNanos();
        answers = new ServicePace(startedAt);
        answerAt = startedAt;
        var channels = new ArrayList<Channel>();
        listener.starting(this::stop);
        listener.attached(wakeUp::ring);
        BooleanSupplier over = () -> stopAsked || System.nanoTime() - deadlineAt >= 0;
        var start = ProgramStart.of(request, supervisor, mine, channels, wakeUp::ring, over);
        input = channels.stream()
                .filter(Channel.Input.class::isInstance)
                .map(Channel.Input.class::cast)
                .findFirst()
                .orElseThrow();
        try (start) {
            return watchToTheEnd(start, channels, arena, mine);
        } finally {
            input.end();
        }
    }

    private ProcessResult watchToTheEnd(ProgramStart start, List<Channel> channels, Arena arena, Descriptors mine) {
        var tree = start.tree();
        int child = (int) tree.pid();
        try {
            int pidDescriptor = mine.add(SystemCalls.pidDescriptor(child));
            channels.add(new Channel.Event(wakeUp.descriptor()));
            channels.add(new Channel.Event(pidDescriptor));
            if (!request.supervised() && start.begun()) {
                open(channels);
            }
            loop(tree, channels, pidDescriptor, arena, mine);
        } catch (RuntimeException | Error e) {
            // The child is not waited for yet, so neither its number nor its group's can be a stranger's.
            killQuietly(tree, channels, e);
            try {
                tree.end();
            } catch (RuntimeException stuck) {
                e.addSuppressed(stuck);
            }
            throw e;
        }
        return result(tree.end());
    }

    /** Of a tree that has ended. */
    private ProcessResult result(Waited waited) {
        var usage = supervisor.ended(new Usage(
                Duration.ofNanos(waited.userMicros() * 1000),
                Duration.ofNanos(waited.systemMicros() * 1000),
                WAITED_FOR,
                waited.maxResidentBytes(),
                Duration.ofNanos(System.nanoTime() - startedAt),
                "rusage (largest process)",
                waited.writtenBytes(),
                WAITED_FOR,
                OptionalLong.empty(),
                "nobody counts them"));
        ProcessEnd end = cause;
        if (!gateOpen) {
            var how = request.executable() + " ended before it was ready, with "
                    + (waited.signalled() ? "signal " + waited.signal() : "code " + waited.exitCode()) + ": "
                    + new String(launcherWords.captured().bytes(), StandardCharsets.UTF_8).strip();
            // One that exits has failed by itself, be it at the very moment when its time is up.
            if (end == null || !waited.signalled()) {
                throw new ProcessException(how, new IllegalStateException("status: " + status));
            }
            LOG.debugf("%s: %s (%s)", request.name(), how, end);
        }
        if (end == null) {
            end = waited.signalled()
                    ? new ProcessEnd.Signalled(waited.signal())
                    : new ProcessEnd.Exited(waited.exitCode());
        }
        return new ProcessResult(end, stdout.captured(), stderr.captured(), usage, status.toString());
    }

    private void loop(Tree tree, List<Channel> channels, int pidDescriptor, Arena arena, Descriptors mine) {
        var buffer = arena.allocate(BUFFER);
        var entries = PollEntries.allocate(arena, channels.size());
        boolean childLives = true;
        lookEvery = supervisor.interval().toNanos();
        lookAt = System.nanoTime() + lookEvery;
        while (childLives || channels.stream().anyMatch(Channel::awaitsEnd)) {
            long now = System.nanoTime();
            if (childLives) {
                look(tree, now);
                advance(tree, channels, now);
            } else if (now - drainUntil >= 0) {
                return;
            }
            var polled = polled(channels, childLives, now);
            var _ = Libc.poll(entries.segment(), entries.fill(polled), timeout(now, childLives));
            for (int i = 0; i < polled.size(); i++) {
                if (entries.events(i) == 0) {
                    continue;
                }
                var channel = polled.get(i);
                if (channel.descriptor() == pidDescriptor) {
                    childLives = false;
                    drainUntil = System.nanoTime() + DRAIN_NANOS;
                    channels.remove(channel);
                    // Whatever it left behind in its group or namespace ends with it.
                    kill(tree, channels);
                } else if (!attend(tree, channel, entries.events(i), channels, buffer)) {
                    channels.remove(channel);
                    mine.close(channel.descriptor());
                }
            }
        }
    }

    /**
     * A program whose output nobody wants now waits at its full pipes; what it left in them is no more than they hold. One
     * that asks too much waits for its answers.
     */
    private List<Channel> polled(List<Channel> channels, boolean childLives, long now) {
        boolean unwanted = childLives && !listener.wantsMore();
        boolean resting = answerAt - now > 0;
        return channels.stream()
                .filter(channel -> !(unwanted && channel instanceof Channel.Output))
                .filter(channel -> !(resting && channel instanceof Channel.Calls))
                .toList();
    }

    /** Does what a ready channel asks for; false when it is at its end. */
    private boolean attend(Tree tree, Channel channel, short events, List<Channel> channels, MemorySegment buffer) {
        return switch (channel) {
            case Channel.Event event -> read(event.descriptor(), buffer).length > 0;
            case Channel.Input stdin -> {
                boolean more = stdin.feed(events);
                if (!more) {
                    stdin.end();
                }
                yield more;
            }
            case Channel.Calls calls -> {
                // A hang-up alone: nothing is left that could ask.
                boolean asks = (events & Libc.POLLIN) != 0;
                if (asks) {
                    long begin = System.nanoTime();
                    calls.answer();
                    long end = System.nanoTime();
                    answerAt = end + answers.worked(begin, end);
                }
                yield asks;
            }
            case Channel.Output output -> {
                byte[] chunk = read(output.descriptor(), buffer);
                if (!gateOpen) {
                    launcherWords.add(chunk);
                } else if (chunk.length > 0) {
                    (output.stream() == Stream.STDOUT ? stdout : stderr).add(chunk);
                    listener.wrote(output.stream(), chunk);
                }
                yield chunk.length > 0;
            }
            case Channel.Status report -> {
                byte[] chunk = read(report.descriptor(), buffer);
                if (status.length() + chunk.length > STATUS_LIMIT) {
                    throw new IllegalStateException("the status is longer than " + STATUS_LIMIT + " bytes");
                }
                status.append(new String(chunk, StandardCharsets.UTF_8));
                if (!gateOpen && phase == Phase.RUNNING && supervisor.ready(tree, status.toString())) {
                    open(channels);
                }
                yield chunk.length > 0;
            }
            // Polled for a hang-up only: who should wait there is gone.
            case Channel.Gate _ -> false;
        };
    }

    /** Lets the program go on, and whoever started it. */
    private void open(List<Channel> channels) {
        gateOpen = true;
        for (var channel : channels) {
            if (channel instanceof Channel.Gate gate) {
                gate.open();
            }
        }
        channels.removeIf(Channel.Gate.class::isInstance);
        if (input != null) {
            input.begin();
        }
        started.complete(null);
    }

    private void look(Tree tree, long now) {
        if (lookEvery > 0 && gateOpen && now - lookAt >= 0) {
            supervisor.look(tree);
            // Nobody shall know when the next one comes: half as soon, or half as late again.
            lookAt = System.nanoTime()
                    + lookEvery / 2
                    + ThreadLocalRandom.current().nextLong(lookEvery);
        }
    }

    private void advance(Tree tree, List<Channel> channels, long now) {
        if (phase == Phase.RUNNING) {
            if (stopAsked) {
                cause = new ProcessEnd.Stopped();
            } else if (now - deadlineAt >= 0) {
                cause = new ProcessEnd.TimedOut(request.deadline());
            } else {
                var failure = input == null ? null : input.failure();
                if (failure == null) {
                    return;
                }
                cause = new ProcessEnd.InputFailed(failure);
            }
            phase = Phase.ASKED;
            killAt = now + request.grace().toNanos();
            if (gateOpen) {
                supervisor.politely(tree);
            } else {
                killAt = now;
            }
        }
        if (phase == Phase.ASKED && now - killAt >= 0) {
            phase = Phase.KILLED;
            killAt = NEVER;
            if (!gateOpen) {
                tree.killUnopened();
            }
            kill(tree, channels);
        }
    }

    /** First nothing can be started any more that the filter asks about, then nothing is left. */
    private void kill(Tree tree, List<Channel> channels) {
        for (var channel : channels) {
            if (channel instanceof Channel.Calls calls) {
                calls.listener().close();
            }
        }
        channels.removeIf(Channel.Calls.class::isInstance);
        supervisor.kill(tree);
    }

    private int timeout(long now, boolean childLives) {
        long until = !childLives
                ? drainUntil
                : switch (phase) {
                    case RUNNING -> deadlineAt;
                    case ASKED -> killAt;
                    case KILLED -> NEVER;
                };
        if (childLives && lookEvery > 0 && gateOpen && (until == NEVER || lookAt - until < 0)) {
            until = lookAt;
        }
        if (answerAt - now > 0 && (until == NEVER || answerAt - until < 0)) {
            until = answerAt;
        }
        if (until == NEVER) {
            return -1;
        }
        long left = until - now;
        // Rounded up: waking a little late is right, waking early would spin.
        return (int) Math.clamp(Math.ceilDiv(left, 1_000_000L), 0L, Integer.MAX_VALUE);
    }

    /** Empty at the end of the file. */
    private static byte[] read(int descriptor, MemorySegment buffer) {
        int count = (int) Libc.read(descriptor, buffer);
        return buffer.asSlice(0, count).toArray(JAVA_BYTE);
    }

    private void killQuietly(Tree tree, List<Channel> channels, Throwable reason) {
        try {
            kill(tree, channels);
        } catch (RuntimeException e) {
            reason.addSuppressed(e);
        } finally {
            tree.killChild();
        }
    }
}
