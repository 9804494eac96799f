package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.runner.engine.EngineException.Crashed;
import dev.ringfence.runner.engine.EngineException.InvalidRequest;
import dev.ringfence.runner.engine.EngineException.LoadFailed;
import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.EngineException.PromptTooLong;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import dev.ringfence.runner.engine.GenerationResult.Answered;
import dev.ringfence.runner.fence.FencedProcess;
import dev.ringfence.runner.fence.FencedResult;
import dev.ringfence.runner.process.ProcessEnd;
import dev.ringfence.runner.process.Signals;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One request to a program that loads the model, answers and ends. Runs on a virtual thread of its own. */
final class OneShotTask implements Generation {
    private static final Pattern INPUT = Pattern.compile("prompt eval time = .*?/ +(\\d+) tokens");
    private static final Pattern OUTPUT = Pattern.compile(
            "(?<!prompt) eval time = .*?/ +(\\d+) runs +\\(.*?, +([0-9.]+|inf|nan) tokens per second\\)");
    private static final Pattern TOO_LONG = Pattern.compile("prompt is too long \\((\\d+) tokens, max (\\d+)\\)");
    private static final int ATTEMPTS = 5;
    private static final Duration NONE = Duration.ZERO;

    private final LocalModel model;
    private final EngineSettings settings;
    private final LlamaInstallation program;
    private final OneShots shots;
    private final GenerationRequest request;
    private final Duration limit;
    private final GenerationListener listener;
    private final Alarms alarms;
    private final long start = System.nanoTime();
    private final CompletableFuture<GenerationResult> result = new CompletableFuture<>();
    private final Thread thread;

    private final HeldBackQueue<Heard> heard = new HeldBackQueue<>();

    // Only the task's own thread touches these: the answer as it is put out now, and what the listener has heard of it.
    private final StringBuilder text = new StringBuilder();
    private final StringBuilder told = new StringBuilder();
    private @Nullable Duration firstPiece;

    // Guarded by this.
    private @Nullable GenerationResult endedFromOutside;
    private @Nullable OneShotOutput running;
    private @Nullable FencedProcess process;
    private Alarms.@Nullable Alarm alarm;
    private @Nullable FencedResult ended;
    private boolean interruptible = true;
    private OneShots.@Nullable Turn turn;
    private Duration spent = Duration.ZERO;
    private boolean loaded;
    private boolean overdue;

    private sealed interface Heard {
        record Piece(String text) implements Heard {}

        record Ended(FencedResult how) implements Heard {}

        record Broke(Throwable why) implements Heard {}
    }

    OneShotTask(
            LocalModel model,
            EngineSettings settings,
            LlamaInstallation program,
            OneShots shots,
            GenerationRequest request,
            Duration limit,
            GenerationListener listener,
            Alarms alarms) {
        this.model = model;
        this.settings = settings;
        this.program = program;
        this.shots = shots;
        this.request = request;
        this.limit = limit;
        this.listener = new AnswerBound(listener);
        this.alarms = alarms;
        this.thread = Thread.ofVirtual().name("one-shot-" + model.id()).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    @Override
    public Uni<GenerationResult> result() {
        // A copy, so that cancelling the subscription does not complete the original.
        return Uni.createFrom().completionStage(() -> result.copy());
    }

    @Override
    public synchronized Optional<EngineUse> engine() {
        return Optional.ofNullable(ended).map(end -> new EngineUse(end.usage().peakMemoryBytes(), end.report()));
    }

    @Override
    public void cancel() {
        end(new GenerationResult.Cancelled());
    }

    private synchronized void end(GenerationResult how) {
        if (endedFromOutside != null || result.isDone()) {
            return;
        }
        endedFromOutside = how;
        if (running != null) {
            running.stop();
        }
        if (interruptible) {
            thread.interrupt();
        }
    }

    private void run() {
        try {
            var asked = OneShotRequest.of(request);
            long least = PromptEstimate.leastTokens(request);
            if (least > settings.contextFor(model)) {
                throw PromptTooLong.atLeast(least, settings.contextFor(model));
            }
            limitFrom(Duration.ZERO);
            try (var own = shots.turn(model, request.agent(), listener::waits)) {
                loads(own);
                result.complete(answer(asked));
            }
        } catch (InterruptedException e) {
            result.complete(outsideEnd().orElseGet(GenerationResult.Cancelled::new));
        } catch (RuntimeException | Error e) {
            outsideEnd().ifPresentOrElse(result::complete, () -> result.completeExceptionally(e));
        } finally {
            silence();
        }
    }

    /**
     * The program writes through a thread of its own, and some releases end without waiting for it: then the end of the
     * log is missing, with the counts or the error, and perhaps the end of the answer. The same seed gives the same answer, so
     * it is asked again for what is missing.
     */
    private GenerationResult answer(OneShotRequest asked) throws InterruptedException {
        var waited = elapsed();
        listener.waits(new EngineProgress.Loading(NONE, null));
        interruptNoMore();
        try (var files = shots.files()) {
            var command = EngineCommand.oneShot(model, settings, program, asked, files);
            for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
                text.setLength(0);
                var output = new OneShotOutput(this::loaded, piece -> heard.add(new Heard.Piece(piece)), heard);
                begins(output);
                begun(shots.start(command, output));
                var end = awaitEnd();
                var outside = outsideEnd();
                if (outside.isPresent()) {
                    return outside.get();
                }
                if (attempt < ATTEMPTS && saysNothing(end, output.log())) {
                    continue;
                }
                var answer = read(end, output, waited);
                if (answer.isPresent()) {
                    return answer.get();
                }
            }
        }
        throw new Misbehaved(
                "the program answered %d times for model %s without counting tokens".formatted(ATTEMPTS, model.id()));
    }

    /** What has come from outside already counts now; from here on it only stops the program. */
    private synchronized void interruptNoMore() throws InterruptedException {
        interruptible = false;
        if (Thread.interrupted() || endedFromOutside != null) {
            throw new InterruptedException();
        }
    }

    private synchronized void begins(OneShotOutput output) {
        running = output;
        if (!loaded) {
            overdue = false;
            silence();
            alarm = alarms.after(settings.loadTimeout(), this::late);
        }
        if (endedFromOutside != null) {
            output.stop();
        }
    }

    private synchronized void begun(FencedProcess started) {
        process = started;
        if (loaded) {
            answers(started);
        }
        started.result()
                .subscribe()
                .with(end -> heard.add(new Heard.Ended(end)), broken -> heard.add(new Heard.Broke(broken)));
    }

    private FencedResult awaitEnd() throws InterruptedException {
        while (true) {
            switch (heard.take()) {
                case Heard.Piece(var piece) -> tellOrStop(piece);
                case Heard.Broke(RuntimeException why) -> throw why;
                case Heard.Broke(var why) -> throw new IllegalStateException(why);
                case Heard.Ended(var how) -> {
                    remember(how);
                    return how;
                }
            }
        }
    }

    /** An answer that is broken off leaves nothing behind: a program that nobody hears would wait at its full pipe. */
    private void tellOrStop(String piece) throws InterruptedException {
        try {
            tell(piece);
        } catch (RuntimeException | Error e) {
            stopAndWait();
            throw e;
        }
    }

    private void stopAndWait() throws InterruptedException {
        synchronized (this) {
            if (running != null) {
                running.stop();
            }
        }
        while (true) {
            switch (heard.take()) {
                case Heard.Piece _ -> {
                    // Nobody wants it any more.
                }
                case Heard.Ended(var how) -> {
                    remember(how);
                    return;
                }
                case Heard.Broke _ -> {
                    return;
                }
            }
        }
    }

    private synchronized void remember(FencedResult how) {
        ended = how;
    }

    private synchronized void late() {
        if (!loaded && running != null) {
            overdue = true;
            running.stop();
        }
    }

    private synchronized void limitFrom(Duration already) {
        alarm = alarms.after(limit.minus(already), () -> end(new GenerationResult.TimedOut(limit)));
    }

    /** Waiting counted; loading is no part of the limit. */
    private synchronized void loads(OneShots.Turn own) {
        turn = own;
        spent = elapsed();
        silence();
    }

    /** From here on the rest of the request's own limit counts. */
    private synchronized void loaded() {
        if (loaded) {
            return;
        }
        loaded = true;
        silence();
        limitFrom(spent);
        if (process != null) {
            answers(process);
        }
    }

    private synchronized void answers(FencedProcess program) {
        if (turn != null) {
            turn.answers(program);
        }
    }

    private synchronized void silence() {
        if (alarm != null) {
            alarm.close();
        }
    }

    /** The listener may block; an end from outside reaches it there. It does not hear again what it has heard. */
    private void tell(String piece) {
        int begin = text.length();
        text.append(piece);
        var again = text.substring(0, Math.min(text.length(), told.length()));
        if (!told.toString().startsWith(again)) {
            throw new Misbehaved(
                    "the program gave model %s's answer twice, and not the same one".formatted(model.id()));
        }
        if (text.length() <= told.length()) {
            return;
        }
        var rest = text.substring(Math.max(begin, told.length()));
        told.append(rest);
        firstPiece = firstPiece == null ? elapsed() : firstPiece;
        synchronized (this) {
            if (endedFromOutside != null) {
                return;
            }
            interruptible = true;
        }
        try {
            var choice = JsonNodeFactory.instance.objectNode().put("index", 0);
            if (request.operation() == GenerationRequest.Operation.CHAT) {
                choice.putObject("delta").put("content", rest);
            } else {
                choice.put("text", rest);
            }
            listener.heard(new Delta(choice));
        } finally {
            synchronized (this) {
                interruptible = false;
                var _ = Thread.interrupted();
            }
        }
    }

    /** Whether it gave up, and what it said of that is missing. */
    private static boolean saysNothing(FencedResult how, LogTail log) {
        return how.end() instanceof ProcessEnd.Exited(int code)
                && code > 0
                && code < Signals.exitCode(1)
                && how.limitsHit().isEmpty()
                && log.firstError().isEmpty()
                && !TOO_LONG.matcher(log.text()).find();
    }

    /** Nothing when the counts are missing. */
    private Optional<GenerationResult> read(FencedResult how, OneShotOutput output, Duration waited) {
        var log = output.log().text();
        var tooLong = TOO_LONG.matcher(log);
        if (tooLong.find()) {
            throw new PromptTooLong(Long.parseLong(tooLong.group(1)), Long.parseLong(tooLong.group(2)));
        }
        if (!how.end().equals(new ProcessEnd.Exited(0))) {
            throw failure(how, output.log());
        }
        var input = INPUT.matcher(log);
        var counted = OUTPUT.matcher(log);
        if (!input.find() || !counted.find()) {
            return Optional.empty();
        }
        boolean stopped = output.finish();
        for (var last = heard.poll(); last != null; last = heard.poll()) {
            if (last instanceof Heard.Piece(var piece)) {
                tell(piece);
            }
        }
        // The first token comes of reading the prompt, each other one of a run.
        long tokens = Long.parseLong(counted.group(1)) + 1;
        var speed = counted.group(2).matches("[0-9.]+") ? Double.valueOf(counted.group(2)) : null;
        return Optional.of(new Answered(
                stopped ? "stop" : "length",
                Long.parseLong(input.group(1)),
                0,
                tokens,
                null,
                firstPiece,
                speed,
                waited,
                elapsed()));
    }

    private EngineException failure(FencedResult how, LogTail log) {
        boolean late;
        boolean wasLoaded;
        synchronized (this) {
            late = overdue;
            wasLoaded = loaded;
        }
        var text = log.text();
        var words = log.lastWords().orElse("it wrote nothing");
        var message = "the program for model %s %s: %s"
                .formatted(
                        model.id(),
                        late
                                ? "could not load it within " + Texts.seconds(settings.loadTimeout())
                                        + " (ringfence.engines.load-timeout)"
                                : "ended with " + how.end() + EngineCommand.told(how.limitsHit(), model),
                        Texts.clip(words, 300));
        if (words.contains("template")) {
            return new InvalidRequest(message);
        }
        return wasLoaded
                ? new Crashed(message, text, how.limitsHit(), NONE)
                : new LoadFailed(message, text, how.limitsHit(), NONE);
    }

    private synchronized Optional<GenerationResult> outsideEnd() {
        return Optional.ofNullable(endedFromOutside);
    }

    private Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - start);
    }
}
