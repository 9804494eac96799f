package dev.ringfence.runner.engine;

import dev.ringfence.runner.engine.EngineException.Closed;
import dev.ringfence.runner.engine.EngineException.Saturated;
import dev.ringfence.runner.engine.EngineException.TooLarge;
import dev.ringfence.runner.engine.EngineStatus.State;
import dev.ringfence.runner.fence.FencedCommand;
import dev.ringfence.runner.fence.FencedProcess;
import dev.ringfence.runner.fence.Fences;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Programs that each load a model for one request. One runs at a time, since each has a model in memory and all the
 * processors; the others wait, and agents take turns. Thread-safe.
 */
final class OneShots {
    private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

    private final EngineSettings settings;
    private final Fences fences;
    private final Turns turns;
    private final Map<LocalModel, Line> lines = new ConcurrentHashMap<>();
    private volatile @Nullable Turn current;

    // Guarded by this.
    private final Set<OneShotOutput> running = new HashSet<>();
    private boolean closed;

    private final CompletableFuture<@Nullable Void> gone = new CompletableFuture<>();

    OneShots(EngineSettings settings, Fences fences) {
        this.settings = settings;
        this.fences = fences;
        this.turns = new Turns(1, settings.queue(), OneShots::full);
    }

    private static Saturated full(int waiting, int ofAgent) {
        return new Saturated(
                "%d requests wait already, %d of them of the same agent, for a model to be loaded, one after the other,"
                                .formatted(waiting, ofAgent)
                        + " since this host has no llama-server; ask again later, or raise ringfence.engines.queue",
                RETRY_AFTER,
                waiting + 1);
    }

    /** Requests that wait for a model, and since when there are some. */
    private record Line(int waiting, Instant since) {
        /** Null when it has nobody any more. */
        @Nullable Line without() {
            return waiting == 1 ? null : new Line(waiting - 1, since);
        }
    }

    /** The right to run a program. */
    final class Turn implements AutoCloseable {
        private final LocalModel model;
        private volatile Phase phase = new Phase(new State.Loading(), Instant.now());

        private Turn(LocalModel model) {
            this.model = model;
        }

        /** The program has loaded the model and answers. */
        void answers(FencedProcess program) {
            phase = new Phase(new State.Ready(program.pid(), 1, 1), Instant.now());
        }

        @Override
        public void close() {
            current = null;
            turns.giveBack();
        }
    }

    private record Phase(State state, Instant since) {}

    /**
     * Waits until no other one runs.
     *
     * @param listener hears why it waits; from other threads, and must not block
     * @throws Saturated when too many wait already
     */
    Turn turn(LocalModel model, String agent, Consumer<EngineProgress> listener) throws InterruptedException {
        var need = model.memory().bytes();
        if (need > settings.memoryBudget()) {
            throw new TooLarge("model %s needs %d MB of memory, and engines may have %d MB; raise"
                            .formatted(model.id(), need >> 20, settings.memoryBudget() >> 20)
                    + " ringfence.engines.memory-budget");
        }
        lines.merge(model, new Line(1, Instant.now()), (line, _) -> new Line(line.waiting() + 1, line.since()));
        try {
            turns.take(agent, listener);
        } finally {
            lines.computeIfPresent(model, (_, line) -> line.without());
        }
        var turn = new Turn(model);
        current = turn;
        return turn;
    }

    /** What models do that are asked here just now. */
    List<EngineStatus> status() {
        var turn = current;
        var busy = turn == null ? Stream.<EngineStatus>empty() : Stream.of(status(turn));
        var waiting = lines.entrySet().stream()
                .filter(line -> turn == null || !line.getKey().equals(turn.model))
                .map(line -> status(
                        line.getKey(),
                        new State.Cold(),
                        line.getValue().since(),
                        line.getValue().waiting()));
        return Stream.concat(busy, waiting).toList();
    }

    private EngineStatus status(Turn turn) {
        var phase = turn.phase;
        var line = lines.get(turn.model);
        return status(turn.model, phase.state(), phase.since(), line == null ? 0 : line.waiting());
    }

    private static EngineStatus status(LocalModel model, State state, Instant since, int waiting) {
        return new EngineStatus(model.id(), EnginePurpose.TEXT, state, since, waiting, model.memory());
    }

    /** What there is to do; never waits. */
    EngineLoad load() {
        var turn = current;
        int ready = turn != null && turn.phase.state() instanceof State.Ready ? 1 : 0;
        int waiting = lines.values().stream().mapToInt(Line::waiting).sum();
        return new EngineLoad(
                ready,
                turn == null ? 0 : 1 - ready,
                0,
                ready,
                ready,
                waiting,
                turn == null ? 0 : turn.model.memory().bytes(),
                settings.memoryBudget());
    }

    /** For the texts of one request. */
    OneShotFiles files() {
        return new OneShotFiles(fences);
    }

    /** Blocks while the program's fence is being built. */
    FencedProcess start(FencedCommand command, OneShotOutput output) {
        synchronized (this) {
            if (closed) {
                throw new Closed();
            }
            running.add(output);
        }
        try {
            var process = fences.start(command, output);
            process.result()
                    .onTermination()
                    .invoke(() -> forget(output))
                    .subscribe()
                    .with(_ -> {}, _ -> {});
            return process;
        } catch (RuntimeException | Error e) {
            forget(output);
            throw e;
        }
    }

    private synchronized void forget(OneShotOutput output) {
        running.remove(output);
        finishWhenGone();
    }

    /** Ends what runs, and lets nothing begin. Returns at once; what it returns is done when nothing is left. */
    synchronized CompletableFuture<@Nullable Void> close() {
        closed = true;
        running.forEach(OneShotOutput::stop);
        finishWhenGone();
        return gone;
    }

    private void finishWhenGone() {
        if (closed && running.isEmpty()) {
            gone.complete(null);
        }
    }
}
