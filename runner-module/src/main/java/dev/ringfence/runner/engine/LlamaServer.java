package dev.ringfence.runner.engine;

import dev.ringfence.runner.engine.EngineException.Crashed;
import dev.ringfence.runner.engine.EngineException.LoadFailed;
import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.fence.FenceException;
import dev.ringfence.runner.fence.FencedProcess;
import dev.ringfence.runner.fence.FencedResult;
import dev.ringfence.runner.fence.Fences;
import dev.ringfence.runner.fence.LimitHit;
import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.PinnedFile;
import dev.ringfence.runner.process.ProcessEnd;
import dev.ringfence.runner.process.Stream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One llama.cpp server in its fence, which serves one model. It listens on a unix socket among the fence's own temporary
 * files. Its name is new for each server: whatever else may lie in a directory of that name, it is not this socket.
 *
 * <p>Methods that talk to the server block; they are for virtual threads.
 */
final class LlamaServer {
    private static final long SHORTEST_PAUSE = Duration.ofMillis(2).toNanos();
    private static final long LONGEST_PAUSE = Duration.ofMillis(50).toNanos();
    private static final Duration TELL_AGAIN = Duration.ofSeconds(1);
    private static final Duration HEALTH_TIMEOUT = Duration.ofSeconds(2);
    private static final Duration PROPERTIES_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration END_OF_A_CRASH = Duration.ofSeconds(2);
    private static final Duration LOOK = Duration.ofSeconds(1);

    /** Before it is stopped: this service, or the host, may have been frozen for moments. */
    private static final Duration LAST_LOOK = Duration.ofSeconds(5);

    private static final int MAX_BODY = 4 * 1024 * 1024;

    private final LocalModel model;
    private final FencedProcess process;
    private final Path socket;
    private final LogTail log;
    private final Alarms alarms;
    private final Duration loadTimeout;
    private final AwakeTime loading;
    private final Duration longestStep;
    private final Duration longestPiece;
    private final CompletableFuture<FencedResult> ended;
    private volatile @Nullable Boolean templateKnowsTools;
    private volatile @Nullable String standstill;
    private final CompletableFuture<EngineException> verdict = new CompletableFuture<>();

    private LlamaServer(
            LocalModel model,
            EnginePurpose purpose,
            EngineSettings settings,
            FencedProcess process,
            Path socket,
            LogTail log,
            Alarms alarms,
            AwakeTime loading) {
        this.model = model;
        this.process = process;
        this.socket = socket;
        this.log = log;
        this.alarms = alarms;
        this.loadTimeout = settings.loadTimeout();
        this.loading = loading;
        this.longestStep = settings.stepTimeout().multipliedBy(EngineCommand.longestStep(model, purpose, settings));
        this.longestPiece = longestStep.multipliedBy(settings.slotsFor(model));
        this.ended = process.result().subscribeAsCompletionStage();
    }

    /**
     * Starts it; {@link #awaitHealthy} says when it can answer. The time that it has for that begins now.
     *
     * @param path the value of the PATH, where an engine may be found
     * @param early ends it, also while its fence is being built
     */
    static LlamaServer start(
            LocalModel model,
            EnginePurpose purpose,
            EngineSettings settings,
            @Nullable String path,
            Fences fences,
            Alarms alarms,
            EarlyStop early) {
        var start = EngineCommand.of(model, purpose, settings, path);
        var log = new LogTail();
        var loading = alarms.awake(settings.loadTimeout());
        try (var _ = alarms.at(loading, early::stop)) {
            var process = fences.start(start.command(), new Ears(log, early));
            var socket = process.temporary().resolve(start.socket());
            return new LlamaServer(model, purpose, settings, process, socket, log, alarms, loading);
        }
    }

    /** Hears the engine, and how to end it before it runs. */
    private record Ears(LogTail log, EarlyStop early) implements OutputListener {
        @Override
        public void starting(Runnable stop) {
            early.starting(stop);
        }

        @Override
        public void wrote(Stream stream, byte[] chunk) {
            log.wrote(stream, chunk);
        }
    }

    long pid() {
        return process.pid();
    }

    EngineUse use() {
        var result = result();
        return result == null
                ? new EngineUse(process.peakMemoryBytes(), process.report())
                : new EngineUse(result.usage().peakMemoryBytes(), result.report());
    }

    /** Done once nothing of it is left. */
    CompletableFuture<FencedResult> ended() {
        return ended;
    }

    void stop() {
        process.stop();
    }

    HttpConnection connect() throws IOException {
        // The engine may have put a link to a socket of the host in its socket's place.
        try (var pinned = PinnedFile.of(socket)) {
            return HttpConnection.open(pinned.path());
        }
    }

    /**
     * Returns when it can answer. When this throws, nothing is left of it.
     *
     * @param progress hears once a second how much of the model is in memory, in percent
     */
    void awaitHealthy(Consumer<@Nullable Integer> progress) {
        try {
            pollHealth(progress);
        } catch (RuntimeException e) {
            stop();
            boolean _ = ended.handle((result, failure) -> true).join();
            throw e;
        }
    }

    /**
     * Whether the model's chat template has a place for functions and their calls.
     *
     * @param watch gets the connection that asks, if one has to
     * @throws IOException when it does not say so in time
     */
    boolean templateKnowsTools(Watch watch) throws IOException {
        var known = templateKnowsTools;
        if (known == null) {
            known = EngineAnswer.templateKnowsTools(
                    ask("/props", alarms.awake(PROPERTIES_TIMEOUT), watch).text());
            templateKnowsTools = known;
        }
        return known;
    }

    private void pollHealth(Consumer<@Nullable Integer> progress) {
        long start = System.nanoTime();
        long told = start;
        while (!healthy()) {
            boolean gone = goneWithin(untilNextPoll(System.nanoTime() - start));
            if (loading.isOver()) {
                throw loadFailed("could not answer within its load timeout of " + Texts.seconds(loadTimeout)
                        + " (ringfence.engines.load-timeout)");
            }
            if (gone) {
                if (ended.isCompletedExceptionally() && ended.exceptionNow() instanceof FenceException broken) {
                    throw broken;
                }
                throw loadFailed("ended before it could answer (" + howItEnded() + ")");
            }
            if (System.nanoTime() - told > TELL_AGAIN.toNanos()) {
                told = System.nanoTime();
                progress.accept(MappedFile.percent(process.pid(), model.file()));
            }
        }
    }

    /** A small part of the time that it has taken already: it adds little to that, and a long load is left alone. */
    private static Duration untilNextPoll(long loadingNanos) {
        return Duration.ofNanos(Math.clamp(loadingNanos / 50, SHORTEST_PAUSE, LONGEST_PAUSE));
    }

    /** Its log is only of loading: nobody has asked it anything yet. */
    private LoadFailed loadFailed(String what) {
        var words = log.lastWords().map(line -> ": " + Texts.clip(line, 300)).orElse("");
        return new LoadFailed(
                "the engine of model %s %s%s".formatted(model.id(), what, words),
                log.text(),
                limitsHit(),
                Duration.ZERO);
    }

    private boolean healthy() {
        try {
            return ask("/health", alarms.awake(HEALTH_TIMEOUT), _ -> {}).status() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * How many of its slots are at work.
     *
     * @throws IOException when it does not say so in time
     */
    int busySlots(Duration timeout) throws IOException {
        return busySlots(alarms.awake(timeout));
    }

    private int busySlots(AwakeTime time) throws IOException {
        return EngineAnswer.busySlots(ask("/slots", time, _ -> {}).text());
    }

    /** Whether a slot is idle, or the server gone and the pool knows it, before the time is over. */
    boolean awaitIdle(int slot, Duration limit) {
        var time = alarms.awake(limit);
        for (int pause = 1; slotBusy(slot, time); pause = Math.min(2 * pause, 250)) {
            if (goneWithin(Duration.ofMillis(pause))) {
                var _ = verdict();
                return true;
            }
            if (time.isOver()) {
                return false;
            }
        }
        return true;
    }

    /** Returns when a slot is idle whose request has ended, or when nothing is left of the server: it gets one step's time. */
    void settle(int slot) {
        if (!awaitIdle(slot, longestStep) && !awaitIdle(slot, LAST_LOOK)) {
            stopSince("it still worked on a request %s after that had ended".formatted(Texts.seconds(longestStep)));
            awaitEnd(Duration.ZERO);
        }
    }

    /** How long it may be at the vectors of some inputs: those of its other slots may come first. */
    Duration longestPiece() {
        return longestPiece;
    }

    /** Stops it for vectors that nobody wants any more, and that have not come nevertheless. Returns at once. */
    void stopOverdue() {
        stopSince("it still made vectors %s after their request had ended".formatted(Texts.seconds(longestPiece)));
    }

    /** Returns when it has ended and the pool knows it, or after this time if nobody has stopped it. */
    void awaitEnd(Duration most) {
        if (stoodStill()) {
            var _ = ended.handle((result, failure) -> true).join();
        }
        if (goneWithin(most)) {
            var _ = verdict();
        }
    }

    /**
     * Stops it when it comes to a standstill: all its slots wait for one thread, and a request can keep that busy for ever.
     * Returns when it has ended.
     *
     * @param atWork whether anything is asked of it
     */
    void watch(BooleanSupplier atWork) {
        while (!goneWithin(LOOK)) {
            if (atWork.getAsBoolean() && !answersWithin(longestStep) && !answersWithin(LAST_LOOK)) {
                stopSince("it had not come to the end of one step within %s".formatted(Texts.seconds(longestStep)));
            }
        }
    }

    private boolean answersWithin(Duration limit) {
        var time = alarms.awake(limit);
        do {
            try {
                int _ = busySlots(time);
                return true;
            } catch (IOException | EngineException e) {
                // It may have been between two connections; the time decides.
            }
        } while (!goneWithin(Duration.ofMillis(100)) && !time.isOver());
        return ended.isDone();
    }

    private void stopSince(String why) {
        standstill = why;
        stop();
    }

    /** Whether it had to be stopped since it got no further. */
    boolean stoodStill() {
        return standstill != null;
    }

    private boolean slotBusy(int slot, AwakeTime time) {
        try {
            return EngineAnswer.busySlot(ask("/slots", time, _ -> {}).text(), slot);
        } catch (IOException e) {
            return true; // It did not say, which the time limit above takes care of.
        }
    }

    private record Reply(int status, String text) {}

    /** Gets a connection before it is used, and may hang it up from then on. */
    interface Watch {
        /**
         * Takes it over.
         *
         * @throws IOException when it is not to be used at all
         */
        void over(HttpConnection connection) throws IOException;
    }

    private Reply ask(String path, AwakeTime time, Watch watch) throws IOException {
        try (var connection = connect();
                var _ = alarms.at(time, connection::hangUp)) {
            watch.over(connection);
            var response = connection.get(path, MAX_BODY);
            return new Reply(response.status(), new String(response.body().readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    private boolean goneWithin(Duration time) {
        try {
            ended.get(time.toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /**
     * What a request in flight hears when this server has ended. Nothing of its log, which repeats what it was asked: it
     * answered others, too.
     */
    Crashed crash() {
        var why = standstill;
        return new Crashed(
                why == null
                        ? "the engine of model %s ended in the middle of its work (%s)"
                                .formatted(model.id(), howItEnded())
                        : "the engine of model %s was stopped in the middle of its work, for all who had asked it: %s (ringfence.engines.step-timeout); a schema or a chat template may take it that long"
                                .formatted(model.id(), why),
                "",
                limitsHit(),
                Duration.ZERO);
    }

    /** Once the pool knows what the end means. */
    void judge(EngineException reason) {
        verdict.complete(reason);
    }

    /** Why a connection broke off that nobody here has closed: most likely the server has crashed. */
    EngineException explain(IOException broken) {
        return verdict()
                .orElseGet(() -> new Misbehaved(
                        "the engine of model %s broke off its answer: %s".formatted(model.id(), broken.getMessage())));
    }

    /** What the pool says of its end, if it comes to one now. */
    private Optional<EngineException> verdict() {
        try {
            return Optional.of(verdict.get(END_OF_A_CRASH.toNanos(), TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (ExecutionException | InterruptedException e) {
            throw new IllegalStateException("nothing fails a verdict", e);
        }
    }

    private @Nullable FencedResult result() {
        return ended.isDone() && !ended.isCompletedExceptionally() ? ended.join() : null;
    }

    private List<LimitHit> limitsHit() {
        var result = result();
        return result == null ? List.of() : result.limitsHit();
    }

    private String howItEnded() {
        var result = result();
        if (result == null) {
            return "its fence failed";
        }
        var end = switch (result.end()) {
            case ProcessEnd.Exited(int code) when code > 128 -> "signal " + (code - 128);
            case ProcessEnd.Exited(int code) -> "exit code " + code;
            case ProcessEnd.Signalled(int signal) -> "signal " + signal;
            case ProcessEnd.TimedOut(Duration limit) -> "out of time after " + Texts.seconds(limit);
            case ProcessEnd.Stopped() -> "stopped";
            case ProcessEnd.InputFailed(Throwable why) -> "without its input: " + why.getMessage();
        };
        return end + EngineCommand.told(result.limitsHit(), model);
    }
}
