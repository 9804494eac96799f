package dev.ringfence.runner.engine;

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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;
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

    private final EngineSettings settings;
    private final BiFunction<FencedCommand, OutputListener, FencedProcess> fence;
    private final Alarms alarms = new Alarms();
    private final ExecutorService owner = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("engine-pool").factory());

    // Only the owner's thread touches these.
    private final Map<Purposed, Engine> engines = new HashMap<>();
    private boolean closing;
    private final CompletableFuture<@Nullable Void> allGone = new CompletableFuture<>();

    /**
     * Starts nothing yet.
     *
     * @param fence starts a program in a fence
     */
    public LlamaServerPool(EngineSettings settings, BiFunction<FencedCommand, OutputListener, FencedProcess> fence) {
        this.settings = settings;
        this.fence = fence;
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

    /** Ends all engines; requests that were waiting or being answered hear so. Returns when nothing is left of them. */
    @Override
    public void close() {
        send(() -> {
            closing = true;
            engines.values().forEach(Engine::close);
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
                    answer.complete(
                            new EngineStatus(known.model(), known.purpose(), state, known.since(), known.waiting()));
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
                    engine().life.acquire(task);
                }
            });
            if (!sent) {
                task.refused(new Closed());
            }
        }

        @Override
        public void giveUp(GenerationTask task) {
            send(() -> engine().life.giveUp(task));
        }

        @Override
        public void release(int slot, boolean answered) {
            send(() -> engine().life.release(slot, answered));
        }

        private Engine engine() {
            return engines.computeIfAbsent(key, Engine::new);
        }
    }

    /** A model's life and the processes that it leads to. Fields belong to the owner's thread. */
    private final class Engine implements EngineLife.Effects<LlamaServer> {
        private final LocalModel model;
        private final EnginePurpose purpose;
        private final EngineLife<LlamaServer> life =
                new EngineLife<>(settings.slots(), settings.queue(), this, System::nanoTime);
        private Instant since = Instant.now();
        private @Nullable LlamaServer loading;
        private Alarms.@Nullable Alarm idleAlarm;

        Engine(Purposed key) {
            this.model = key.model();
            this.purpose = key.purpose();
        }

        @Override
        public void load() {
            Thread.ofVirtual().name("load-" + model.id()).start(() -> {
                try {
                    var server = LlamaServer.start(model, purpose, settings, System.getenv("PATH"), fence, alarms);
                    send(() -> started(server));
                    server.awaitHealthy(settings.loadTimeout());
                    send(() -> loaded(server));
                } catch (EngineException | FenceException e) {
                    send(() -> failed(e));
                } catch (RuntimeException | Error e) {
                    LOG.errorf(e, "Loading model %s failed", model.id());
                    send(() -> failed(new EngineException.Misbehaved("loading failed: " + e)));
                }
            });
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
            life.up(server);
            var _ = server.ended().whenComplete((result, failure) -> send(() -> ended(server)));
        }

        private void failed(RuntimeException why) {
            loading = null;
            LOG.warnf("Engine of model %s did not come up: %s", model.id(), why.getMessage());
            life.loadFailed(why);
            finishWhenGone();
        }

        private void ended(LlamaServer server) {
            var reason = life.ended(server.crash());
            if (reason instanceof Closed) {
                LOG.infof("Engine of model %s ended", model.id());
            } else {
                LOG.warn(reason.getMessage());
            }
            server.judge(reason);
            finishWhenGone();
        }

        void close() {
            life.close();
            if (loading != null) {
                loading.stop();
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
            if (idleAlarm != null) {
                idleAlarm.close();
            }
            idleAlarm = alarms.after(settings.idleTime(), () -> send(() -> life.idle(use)));
        }

        @Override
        public void changed() {
            since = Instant.now();
        }

        Reading read() {
            var server = life.state() instanceof EngineLife.Up<LlamaServer>(var up) ? up : null;
            return new Reading(new EngineStatus(model.id(), purpose, state(), since, life.waiting()), server);
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
                case EngineLife.Up<LlamaServer>(var up) ->
                    new State.Ready(up.pid(), settings.slots(), life.busySlots());
                case EngineLife.Stopping<LlamaServer> _ -> new State.Stopping();
            };
        }
    }
}
