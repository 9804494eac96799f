package dev.ringfence.runner.engine;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.runner.engine.EngineException.Closed;
import dev.ringfence.runner.engine.EngineStatus.State;
import dev.ringfence.runner.fence.Fences;
import io.smallrye.mutiny.Uni;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Engines of local models: for each model, and each purpose of it, one llama.cpp server in a fence of its own, started by
 * the first request and kept warm until nobody has asked it for the idle time. Requests that come while it loads wait for
 * the same load. Where the host has no server, one program for each request ({@link OneShots}).
 *
 * <p>Thread-safe. Decisions are made one after the other, and start, stop and wait for nothing themselves.
 */
public final class LlamaServerPool implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(LlamaServerPool.class);
    private static final Duration STATUS_TIMEOUT = Duration.ofMillis(250);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);

    private final EngineSettings settings;
    private final Fences fences;
    private final Alarms alarms = new Alarms();
    private final OneShots shots;
    private final LlamaVersion version;
    private final OneAfterAnother decisions = new OneAfterAnother();

    // Only decisions touch these.
    private final Map<PooledEngine.Key, PooledEngine> engines = new LinkedHashMap<>();
    private final MemoryRoom room;
    private @Nullable Set<LocalModel> inUse;
    private boolean closing;
    private long arrivals;

    private volatile EngineLoad load;
    private final CompletableFuture<@Nullable Void> allGone = new CompletableFuture<>();

    /**
     * Starts nothing yet.
     *
     * @param fences starts programs in fences
     */
    public LlamaServerPool(EngineSettings settings, Fences fences) {
        this.settings = settings;
        this.fences = fences;
        this.shots = new OneShots(settings, fences);
        this.version = new LlamaVersion(settings, fences);
        this.room = new MemoryRoom(settings.memoryBudget());
        this.load = new EngineLoad(0, 0, 0, 0, 0, 0, 0, settings.memoryBudget());
    }

    /** A model of this host, to be asked. Nothing is started before that. */
    public ServedModel serve(LocalModel model) {
        return new Served(model);
    }

    private final class Served implements ServedModel {
        private final LocalModel model;

        Served(LocalModel model) {
            this.model = model;
        }

        @Override
        public String id() {
            return model.id();
        }

        @Override
        public Duration longest() {
            return model.profile().processLimits().maxExecutionTime();
        }

        @Override
        public List<String> passesOver(GenerationRequest request) {
            var passedOver = new ArrayList<>(PassedOver.services(request.body()));
            passedOver.addAll(GrammarGaps.of(request.body()));
            return passedOver;
        }

        @Override
        public Generation generate(GenerationRequest asked, Duration limit, GenerationListener listener) {
            var request = EngineRequest.of(asked);
            var oneShot = oneShotProgram();
            if (oneShot.isPresent()) {
                var task = new OneShotTask(model, settings, oneShot.get(), shots, request, limit, listener, alarms);
                task.start();
                return task;
            }
            var desk = new ModelDesk(new PooledEngine.Key(model, EnginePurpose.of(request.operation())));
            var task = new GenerationTask(request, limit, listener, desk, alarms);
            Thread.ofVirtual().name("generate-" + model.id()).start(task);
            return task;
        }
    }

    /** Where there is no server. What is missing altogether is told by whoever starts an engine. */
    private Optional<LlamaInstallation> oneShotProgram() {
        if (load.ready() > 0) {
            // A server that is up came from somewhere.
            return Optional.empty();
        }
        try {
            return Optional.of(LlamaInstallation.find(settings, System.getenv("PATH")))
                    .filter(installation -> !installation.server());
        } catch (EngineException.EngineMissing e) {
            return Optional.empty();
        }
    }

    /**
     * What the engines do that were asked for at least once, or for just now where each request has its own program; all
     * others are cold. An engine that does not say within a
     * quarter of a second how busy it is, is shown as this service knows it.
     */
    public Uni<List<EngineStatus>> status() {
        return onThreadOfItsOwn("engine-status", this::readStatus);
    }

    /**
     * What engines are started with. Looks for it, and asks it for its version the first time and when it was exchanged.
     * Fails with an {@link EngineException.EngineMissing} when there is none.
     */
    public Uni<LlamaCpp> llamaCpp() {
        return onThreadOfItsOwn("llama-version", version::read);
    }

    private static <T> Uni<T> onThreadOfItsOwn(String name, Supplier<T> reading) {
        return Uni.createFrom().completionStage(() -> {
            var read = new CompletableFuture<T>();
            Thread.ofVirtual().name(name).start(() -> {
                try {
                    read.complete(reading.get());
                } catch (RuntimeException | Error e) {
                    read.completeExceptionally(e);
                }
            });
            return read;
        });
    }

    /** What there is to do; never waits. */
    public EngineLoad load() {
        return load.with(shots.load());
    }

    /**
     * Takes over another set of models: engines of those that are not in it answer who has asked, then end. Pinned ones
     * are started and kept up where there is a server that stays up. Returns at once.
     */
    public void use(Set<LocalModel> models) {
        var next = Set.copyOf(models);
        boolean keepUp = oneShotProgram().isEmpty();
        warnOfPins(next, keepUp);
        send(() -> {
            inUse = next;
            List.copyOf(engines.values()).forEach(PooledEngine::retireUnlessUsed);
            for (var model : models) {
                if (model.pinned() != null && keepUp && !closing) {
                    engine(new PooledEngine.Key(model, model.pinned())).keepUp();
                }
            }
        });
    }

    private void warnOfPins(Set<LocalModel> models, boolean keepUp) {
        var pinned = models.stream().filter(model -> model.pinned() != null).toList();
        if (!keepUp && !pinned.isEmpty()) {
            LOG.warnf(
                    "engine.pin of the models %s has no effect: this host has no llama-server, so each request loads its model"
                            + " anew",
                    pinned.stream().map(LocalModel::id).sorted().toList());
            return;
        }
        long bytes = pinned.stream().mapToLong(model -> model.memory().bytes()).sum();
        if (bytes > settings.memoryBudget()) {
            LOG.warnf(
                    "The pinned models %s need %d MB of memory together, and engines may have %d MB, so not all of them come"
                            + " up; raise ringfence.engines.memory-budget, or pin fewer",
                    pinned.stream().map(LocalModel::id).sorted().toList(),
                    new DataSize(bytes).megabytes(),
                    new DataSize(settings.memoryBudget()).megabytes());
        }
    }

    private PooledEngine engine(PooledEngine.Key key) {
        return engines.computeIfAbsent(key, missing -> new PooledEngine(missing, settings, this));
    }

    /** Ends all engines; requests that were waiting or being answered hear so. Returns when nothing is left of them. */
    @Override
    public void close() {
        send(() -> {
            closing = true;
            engines.values().forEach(PooledEngine::close);
            settle();
            finishWhenGone();
        });
        var shotsGone = shots.close();
        try {
            CompletableFuture.allOf(allGone, shotsGone).get(CLOSE_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            LOG.errorf("Engines did not end within %s; their fences may still run", CLOSE_TIMEOUT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException("nothing fails it", e);
        }
        decisions.close();
        alarms.close();
    }

    private List<EngineStatus> readStatus() {
        var asked = new CompletableFuture<List<Reading>>();
        boolean sent = send(() -> {
            try {
                asked.complete(engines.values().stream().map(PooledEngine::read).toList());
            } catch (RuntimeException | Error e) {
                asked.completeExceptionally(e);
            }
        });
        if (!sent) {
            return List.of();
        }
        var engines =
                asked.join().stream().map(Reading::complete).toList().stream().map(CompletableFuture::join);
        return Stream.concat(engines, shots.status().stream()).toList();
    }

    /** What the pool knows of an engine, and whom to ask for the rest. */
    record Reading(EngineStatus known, @Nullable LlamaServer server) {
        /** Asks on a thread of its own, so that slow engines do not add up. */
        CompletableFuture<EngineStatus> complete() {
            var answer = new CompletableFuture<EngineStatus>();
            if (server == null || !(known.state() instanceof State.Ready ready)) {
                answer.complete(known);
                return answer;
            }
            Thread.ofVirtual().name("engine-status-" + server.pid()).start(() -> {
                try {
                    int busy = server.busySlots(STATUS_TIMEOUT);
                    var state = new State.Ready(ready.pid(), ready.slots(), busy);
                    answer.complete(new EngineStatus(
                            known.model(), known.purpose(), state, known.since(), known.waiting(), known.memory()));
                } catch (IOException | RuntimeException e) {
                    answer.complete(known);
                }
            });
            return answer;
        }
    }

    /** Brings what tasks want before the pool. */
    private final class ModelDesk implements GenerationTask.Desk {
        private final PooledEngine.Key key;

        ModelDesk(PooledEngine.Key key) {
            this.key = key;
        }

        @Override
        public void acquire(GenerationTask task) {
            boolean sent = send(() -> {
                if (closing) {
                    task.refused(new Closed());
                } else if (!task.ended()) {
                    engine(key).acquire(task);
                }
            });
            if (!sent) {
                task.refused(new Closed());
            }
        }

        @Override
        public void giveUp(GenerationTask task) {
            onEngine(engine -> engine.giveUp(task));
        }

        @Override
        public void release(int slot, boolean answered) {
            onEngine(engine -> engine.release(slot, answered));
        }

        private void onEngine(Consumer<PooledEngine> decision) {
            send(() -> {
                var engine = engines.get(key);
                if (engine != null) {
                    decision.accept(engine);
                }
            });
        }
    }

    // What its engines have of it. All but send, fences and alarms is for decisions alone.

    /** Has it decided in its turn, here or elsewhere; false when the pool is closed. */
    boolean send(Runnable decision) {
        return decisions.run(decision);
    }

    Fences fences() {
        return fences;
    }

    Alarms alarms() {
        return alarms;
    }

    MemoryRoom room() {
        return room;
    }

    /** Counts up over all engines. */
    long nextArrival() {
        return ++arrivals;
    }

    boolean closing() {
        return closing;
    }

    /** Whether the catalog does not have it any more. */
    boolean outOfUse(LocalModel model) {
        return inUse != null && !inUse.contains(model);
    }

    void forget(PooledEngine.Key key, PooledEngine engine) {
        engines.remove(key, engine);
    }

    /** Decides about memory anew. */
    void settle() {
        room.settle();
        report();
    }

    /** The load has changed. */
    void report() {
        int ready = 0;
        int loading = 0;
        int failed = 0;
        int slots = 0;
        int busy = 0;
        int waiting = 0;
        for (var engine : engines.values()) {
            busy += engine.life().busySlots();
            waiting += engine.life().waiting();
            switch (engine.life().state()) {
                case EngineLife.Cold<LlamaServer> _ -> failed += engine.failure() == null ? 0 : 1;
                case EngineLife.Loading<LlamaServer> _ -> loading++;
                case EngineLife.Up<LlamaServer> _ -> {
                    ready++;
                    slots += engine.slots();
                }
                case EngineLife.Stopping<LlamaServer> _ -> {}
            }
        }
        load = new EngineLoad(ready, loading, failed, slots, busy, waiting, room.used(), settings.memoryBudget());
    }

    /** When it is closing, and nothing is left of its engines. */
    void finishWhenGone() {
        if (closing && engines.values().stream().allMatch(PooledEngine::gone)) {
            allGone.complete(null);
        }
    }
}
