package dev.ringfence.runner.engine;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.runner.engine.EngineException.Closed;
import dev.ringfence.runner.engine.EngineStatus.State;
import dev.ringfence.runner.fence.FenceException;
import dev.ringfence.runner.fence.FencedCommand;
import dev.ringfence.runner.fence.FencedProcess;
import dev.ringfence.runner.process.OutputListener;
import io.smallrye.mutiny.Uni;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Engines of local models: for each model, and each purpose of it, one llama.cpp server in a
 * fence of its own, started by the first request and
 * kept warm until nobody has asked it for the idle time. Requests that come while it loads wait for the same load.
 *
 * <p>Thread-safe. All decisions are made by one thread, which starts, stops and waits for nothing itself.
 */
public final class LlamaServerPool implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(LlamaServerPool.class);
    private static final Duration STATUS_TIMEOUT = Duration.ofMillis(250);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);

    /** A pinned engine that could not be started is tried again after this time at least. */
    private static final Duration PIN_AGAIN = Duration.ofSeconds(5);

    private final EngineSettings settings;
    private final BiFunction<FencedCommand, OutputListener, FencedProcess> fence;
    private final Alarms alarms = new Alarms();
    private final ExecutorService owner = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("engine-pool").factory());

    // Only the owner's thread touches these.
    private final Map<Purposed, Engine> engines = new LinkedHashMap<>();
    private final MemoryRoom room;
    private @Nullable Set<LocalModel> inUse;
    private boolean closing;
    private long arrivals;

    private volatile EngineLoad load;
    private final CompletableFuture<@Nullable Void> allGone = new CompletableFuture<>();

    /**
     * Starts nothing yet.
     *
     * @param fence starts a program in a fence
     */
    public LlamaServerPool(EngineSettings settings, BiFunction<FencedCommand, OutputListener, FencedProcess> fence) {
        this.settings = settings;
        this.fence = fence;
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
        public Generation generate(GenerationRequest request, Duration limit, GenerationListener listener) {
            var desk = new ModelDesk(new Purposed(model, EnginePurpose.of(request.operation())));
            var task = new GenerationTask(request, limit, listener, desk, alarms);
            Thread.ofVirtual().name("generate-" + model.id()).start(task);
            return task;
        }
    }

    /** What an engine is there for: one that makes vectors cannot write texts. */
    private record Purposed(LocalModel model, EnginePurpose purpose) {}

    /**
     * What the engines do that were asked for at least once; all others are cold. An engine that does not say within a
     * quarter of a second how busy it is, is shown as this service knows it.
     */
    public Uni<List<EngineStatus>> status() {
        return Uni.createFrom().completionStage(() -> {
            var status = new CompletableFuture<List<EngineStatus>>();
            Thread.ofVirtual().name("engine-status").start(() -> {
                try {
                    status.complete(readStatus());
                } catch (RuntimeException | Error e) {
                    status.completeExceptionally(e);
                }
            });
            return status;
        });
    }

    /** What there is to do; never waits. */
    public EngineLoad load() {
        return load;
    }

    /**
     * Takes over another set of models: engines of those that are not in it answer who has asked, then end. Pinned ones
     * are started and kept up. Returns at once.
     */
    public void use(Set<LocalModel> models) {
        var next = Set.copyOf(models);
        send(() -> {
            inUse = next;
            List.copyOf(engines.values()).forEach(Engine::retireUnlessUsed);
            for (var model : models) {
                if (model.pinned() != null && !closing) {
                    engine(new Purposed(model, model.pinned())).keepUp();
                }
            }
        });
    }

    private Engine engine(Purposed key) {
        return engines.computeIfAbsent(key, Engine::new);
    }

    /** Ends all engines; requests that were waiting or being answered hear so. Returns when nothing is left of them. */
    @Override
    public void close() {
        send(() -> {
            closing = true;
            engines.values().forEach(Engine::close);
            settle();
            finishWhenGone();
        });
        try {
            allGone.get(CLOSE_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            LOG.errorf("Engines did not end within %s; their fences may still run", CLOSE_TIMEOUT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException("nothing fails it", e);
        }
        owner.shutdown();
        alarms.close();
    }

    private void finishWhenGone() {
        if (closing && engines.values().stream().allMatch(Engine::gone)) {
            allGone.complete(null);
        }
    }

    private boolean send(Runnable decision) {
        try {
            owner.execute(decision);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    private List<EngineStatus> readStatus() {
        var asked = new CompletableFuture<List<Reading>>();
        if (!send(
                () -> asked.complete(engines.values().stream().map(Engine::read).toList()))) {
            return List.of();
        }
        return asked.join().stream().map(Reading::complete).toList().stream()
                .map(CompletableFuture::join)
                .toList();
    }

    /** What the owner knows of an engine, and whom to ask for the rest. */
    private record Reading(EngineStatus known, @Nullable LlamaServer server) {
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

    /** Sends what tasks want to the owner. */
    private final class ModelDesk implements GenerationTask.Desk {
        private final Purposed key;

        ModelDesk(Purposed key) {
            this.key = key;
        }

        @Override
        public void acquire(GenerationTask task) {
            boolean sent = send(() -> {
                if (closing) {
                    task.refused(new Closed());
                } else {
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

        private void onEngine(Consumer<Engine> decision) {
            send(() -> {
                var engine = engines.get(key);
                if (engine != null) {
                    decision.accept(engine);
                }
            });
        }
    }

    private void settle() {
        room.settle();
        report();
    }

    private void report() {
        int ready = 0;
        int loading = 0;
        int failed = 0;
        int slots = 0;
        int busy = 0;
        int waiting = 0;
        for (var engine : engines.values()) {
            busy += engine.life.busySlots();
            waiting += engine.life.waiting();
            switch (engine.life.state()) {
                case EngineLife.Cold<LlamaServer> _ -> failed += engine.life.lastFailure() == null ? 0 : 1;
                case EngineLife.Loading<LlamaServer> _ -> loading++;
                case EngineLife.Up<LlamaServer> _ -> {
                    ready++;
                    slots += engine.slots;
                }
                case EngineLife.Stopping<LlamaServer> _ -> {}
            }
        }
        load = new EngineLoad(ready, loading, failed, slots, busy, waiting, room.used(), settings.memoryBudget());
    }

    /** A model's life and the processes that it leads to. Fields belong to the owner's thread. */
    private final class Engine implements EngineLife.Effects<LlamaServer>, MemoryRoom.Tenant {
        private final Purposed key;
        private final LocalModel model;
        private final int slots;
        private final EngineLife<LlamaServer> life;
        private Instant since = Instant.now();
        private @Nullable LlamaServer loading;
        private Alarms.@Nullable Alarm idleAlarm;
        private Alarms.@Nullable Alarm pinAlarm;
        private long lastUse;
        private long loadStarted;

        Engine(Purposed key) {
            this.key = key;
            this.model = key.model();
            this.slots = settings.slotsFor(model);
            this.life = new EngineLife<>(slots, settings.queue(), this, System::nanoTime);
            retireUnlessUsed();
        }

        void retireUnlessUsed() {
            if (inUse != null && !inUse.contains(model)) {
                life.retire();
                forgetWhenOver();
            }
        }

        /** A model that is out of use leaves nothing behind. */
        private void forgetWhenOver() {
            boolean over = gone() && life.waiting() == 0 && life.busySlots() == 0;
            if (over && inUse != null && !inUse.contains(model)) {
                engines.remove(key, this);
            }
        }

        void acquire(GenerationTask task) {
            life.acquire(task, ++arrivals);
            report();
        }

        void giveUp(GenerationTask task) {
            life.giveUp(task);
            settle();
        }

        void release(int slot, boolean answered) {
            life.release(slot, answered);
            forgetWhenOver();
            report();
        }

        void keepUp() {
            life.preload();
            report();
        }

        /** Room first; {@link #admitted} goes on. */
        @Override
        public void load() {
            room.claim(this, Math.min(life.oldest(), ++arrivals));
            send(LlamaServerPool.this::settle);
        }

        @Override
        public void admitted() {
            loadStarted = System.nanoTime();
            life.begun();
            life.tell(new EngineProgress.Loading(Duration.ZERO, null));
            Thread.ofVirtual().name("load-" + model.id()).start(this::start);
        }

        private void start() {
            try {
                var server = LlamaServer.start(model, key.purpose(), settings, System.getenv("PATH"), fence, alarms);
                send(() -> started(server));
                server.awaitHealthy(settings.loadTimeout(), percent -> send(() -> tellLoading(percent)));
                send(() -> loaded(server));
            } catch (EngineException | FenceException e) {
                send(() -> failed(e));
            } catch (RuntimeException | Error e) {
                LOG.errorf(e, "Loading model %s failed", model.id());
                send(() -> failed(new EngineException.Misbehaved("loading failed: " + e)));
            }
        }

        private void tellLoading(@Nullable Integer percent) {
            if (life.state() instanceof EngineLife.Loading) {
                life.tell(new EngineProgress.Loading(Duration.ofNanos(System.nanoTime() - loadStarted), percent));
            }
        }

        private void started(LlamaServer server) {
            loading = server;
            LOG.infof("Engine of model %s started as process %d", model.id(), server.pid());
            if (closing) {
                server.stop();
            }
        }

        private void loaded(LlamaServer server) {
            loading = null;
            LOG.infof(
                    "Engine of model %s is up after %d ms",
                    model.id(),
                    Duration.ofNanos(System.nanoTime() - loadStarted).toMillis());
            life.up(server);
            report();
            var _ = server.ended().whenComplete((result, failure) -> send(() -> ended(server)));
        }

        private void failed(RuntimeException why) {
            loading = null;
            LOG.warnf("Engine of model %s did not come up: %s", model.id(), why.getMessage());
            leave(() -> life.loadFailed(why));
        }

        private void ended(LlamaServer server) {
            leave(() -> {
                var reason = life.ended(server.crash());
                if (reason instanceof Closed) {
                    LOG.infof("Engine of model %s ended", model.id());
                } else {
                    LOG.warn(reason.getMessage());
                }
                server.judge(reason);
            });
        }

        /** Its memory is free before the next one can ask for it. */
        private void leave(Runnable decision) {
            room.left(this);
            decision.run();
            forgetWhenOver();
            finishWhenGone();
            settle();
        }

        void close() {
            life.close();
            if (loading != null) {
                loading.stop();
            }
            if (pinAlarm != null) {
                pinAlarm.close();
            }
        }

        boolean gone() {
            return life.state() instanceof EngineLife.Cold;
        }

        @Override
        public void stop(LlamaServer engine) {
            engine.stop();
        }

        @Override
        public void wakeWhenIdle(long use) {
            lastUse = ++arrivals;
            if (idleAlarm != null) {
                idleAlarm.close();
            }
            if (!pinned()) {
                idleAlarm = alarms.after(settings.idleTime(), () -> send(() -> life.idle(use)));
            }
        }

        @Override
        public void changed() {
            since = Instant.now();
            if (pinned() && gone() && !closing) {
                var wait = life.untilNextStart();
                pinAlarm = alarms.after(wait.compareTo(PIN_AGAIN) > 0 ? wait : PIN_AGAIN, () -> send(this::keepUp));
            }
        }

        @Override
        public void quiet() {
            send(LlamaServerPool.this::settle);
        }

        @Override
        public long bytes() {
            return model.memory().bytes();
        }

        @Override
        public boolean pinned() {
            return model.pinned() == key.purpose() && (inUse == null || inUse.contains(model));
        }

        @Override
        public boolean wanted() {
            return !closing && (life.waiting() > 0 || pinned());
        }

        @Override
        public boolean evictable() {
            return life.evictable();
        }

        @Override
        public long lastUse() {
            return lastUse;
        }

        @Override
        public void refused(long most) {
            life.loadFailed(new EngineException.TooLarge(
                    "model %s needs %d MB of memory, and engines may have %d MB%s; raise ringfence.engines.memory-budget"
                                    .formatted(
                                            model.id(),
                                            model.memory().megabytes(),
                                            new DataSize(Math.max(0, most)).megabytes(),
                                            most < settings.memoryBudget() ? " beside the pinned ones" : "")
                            + ", or lower the model's context_tokens, slots or min_memory_mb"));
            finishWhenGone();
        }

        @Override
        public void abandoned() {
            life.abandoned();
            forgetWhenOver();
            finishWhenGone();
        }

        @Override
        public void awaitsRoom() {
            life.tell(new EngineProgress.AwaitsMemory());
        }

        @Override
        public void evict() {
            LOG.infof("Engine of model %s goes, since another model needs the memory", model.id());
            if (!life.evict()) {
                throw new IllegalStateException("an engine at work was chosen to go");
            }
        }

        @Override
        public void yieldTo(long arrival) {
            life.yieldTo(arrival);
        }

        @Override
        public void yieldNot() {
            life.yieldNot();
        }

        Reading read() {
            var server = life.state() instanceof EngineLife.Up<LlamaServer>(var up) ? up : null;
            return new Reading(
                    new EngineStatus(model.id(), key.purpose(), state(), since, life.waiting(), model.memory()),
                    server);
        }

        private State state() {
            return switch (life.state()) {
                case EngineLife.Cold<LlamaServer> _ -> {
                    var failure = life.lastFailure();
                    yield failure == null
                            ? new State.Cold()
                            : new State.Failed(
                                    String.valueOf(failure.getMessage()),
                                    Instant.now().plus(life.untilNextStart()));
                }
                case EngineLife.Loading<LlamaServer> _ -> new State.Loading();
                case EngineLife.Up<LlamaServer>(var up) -> new State.Ready(up.pid(), slots, life.busySlots());
                case EngineLife.Stopping<LlamaServer> _ -> new State.Stopping();
            };
        }
    }
}
