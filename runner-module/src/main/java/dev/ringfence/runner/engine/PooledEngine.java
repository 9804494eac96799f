package dev.ringfence.runner.engine;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.runner.engine.EngineException.Closed;
import dev.ringfence.runner.engine.EngineStatus.State;
import dev.ringfence.runner.fence.FenceException;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** A model's life and the processes that it leads to. Fields belong to the pool's decisions. */
final class PooledEngine implements EngineLife.Effects<LlamaServer>, MemoryRoom.Tenant {
    private static final Logger LOG = Logger.getLogger(PooledEngine.class);

    /** A pinned engine that could not be started is tried again after this time at least. */
    private static final Duration PIN_AGAIN = Duration.ofSeconds(5);

    private final LlamaServerPool pool;
    private final EngineSettings settings;
    private final Key key;
    private final LocalModel model;
    private final int slots;
    private final EngineLife<LlamaServer> life;
    private Instant since = Instant.now();
    private @Nullable EarlyStop loading;
    private Alarms.@Nullable Alarm idleAlarm;
    private Alarms.@Nullable Alarm pinAlarm;
    /** Why a pinned engine did not come up the last time, and since when for that reason; null once it has. */
    private @Nullable RuntimeException trouble;

    private Instant troubleSince = Instant.now();
    private Instant pinAgain = Instant.now();
    private long lastUse;
    private long loadStarted;

    PooledEngine(Key key, EngineSettings settings, LlamaServerPool pool) {
        this.settings = settings;
        this.pool = pool;
        this.key = key;
        this.model = key.model();
        this.slots = settings.slotsFor(model);
        this.life = new EngineLife<>(slots, settings.queue(), this, System::nanoTime);
        retireUnlessUsed();
    }

    /** What an engine is there for: one that makes vectors cannot write texts. */
    record Key(LocalModel model, EnginePurpose purpose) {}

    EngineLife<LlamaServer> life() {
        return life;
    }

    int slots() {
        return slots;
    }

    void retireUnlessUsed() {
        life.retire(pool.outOfUse(model));
        forgetWhenOver();
    }

    /** A model that is out of use leaves nothing behind. */
    private void forgetWhenOver() {
        boolean over = gone() && life.waiting() == 0 && life.busySlots() == 0;
        if (over && pool.outOfUse(model)) {
            pool.forget(key, this);
        }
    }

    /** An engine that is up counts the prompt itself; one that would have to be started first is spared what cannot fit. */
    void acquire(GenerationTask task) {
        long context = settings.contextFor(model);
        if (!(life.state() instanceof EngineLife.Up) && task.leastTokens() > context) {
            task.refused(EngineException.PromptTooLong.atLeast(task.leastTokens(), context));
            forgetWhenOver();
            return;
        }
        life.acquire(task, pool.nextArrival());
        pool.report();
    }

    void giveUp(GenerationTask task) {
        life.giveUp(task);
        pool.settle();
    }

    void release(int slot, boolean answered) {
        life.release(slot, answered);
        forgetWhenOver();
        pool.report();
    }

    void keepUp() {
        life.preload();
        pool.report();
    }

    /** Room first; {@link #admitted} goes on. */
    @Override
    public void load() {
        pool.room().claim(this, Math.min(life.oldest(), pool.nextArrival()));
        pool.send(pool::settle);
    }

    @Override
    public void admitted() {
        loadStarted = System.nanoTime();
        life.begun();
        life.tell(new EngineProgress.Loading(Duration.ZERO, null));
        var early = new EarlyStop();
        loading = early;
        boolean again = trouble != null;
        Thread.ofVirtual().name("load-" + model.id()).start(() -> start(early, again));
    }

    /** @param again after a failure, of which nothing more is told if it is the same */
    private void start(EarlyStop early, boolean again) {
        try {
            var server = LlamaServer.start(
                    model, key.purpose(), settings, System.getenv("PATH"), pool.fences(), pool.alarms(), early);
            if (server.pid() > 0) {
                // Not if it was stopped before.
                LOG.logf(
                        again ? Logger.Level.DEBUG : Logger.Level.INFO,
                        "Engine of model %s started as process %d",
                        model.id(),
                        server.pid());
            }
            server.awaitHealthy(percent -> pool.send(() -> tellLoading(percent)));
            pool.send(() -> loaded(server));
        } catch (EngineException | FenceException e) {
            pool.send(() -> failed(e));
        } catch (RuntimeException | Error e) {
            LOG.errorf(e, "Loading model %s failed", model.id());
            pool.send(() -> failed(new EngineException.Misbehaved("loading failed: " + e)));
        }
    }

    private void tellLoading(@Nullable Integer percent) {
        if (life.state() instanceof EngineLife.Loading) {
            life.tell(new EngineProgress.Loading(Duration.ofNanos(System.nanoTime() - loadStarted), percent));
        }
    }

    private void loaded(LlamaServer server) {
        loading = null;
        trouble = null;
        LOG.infof(
                "Engine of model %s is up after %d ms",
                model.id(), Duration.ofNanos(System.nanoTime() - loadStarted).toMillis());
        life.up(server);
        pool.report();
        var _ = server.ended().whenComplete((result, failure) -> pool.send(() -> ended(server)));
        Thread.ofVirtual().name("watch-" + server.pid()).start(() -> server.watch(this::atWork));
    }

    private boolean atWork() {
        var busy = new CompletableFuture<Boolean>();
        return pool.send(() -> busy.complete(life.busySlots() > 0)) && busy.join();
    }

    private void failed(RuntimeException why) {
        loading = null;
        notUp(why);
        leave(() -> life.loadFailed(why));
    }

    /** Of a pinned one, which is tried again and again, the same reason is told once. */
    private void notUp(RuntimeException why) {
        if (pool.closing()) {
            LOG.infof("Engine of model %s was stopped before it was up", model.id());
            return;
        }
        if (pinned()) {
            boolean known = trouble != null && Objects.equals(trouble.getMessage(), why.getMessage());
            trouble = why;
            if (known) {
                return;
            }
            troubleSince = Instant.now();
        }
        LOG.warnf("Engine of model %s did not come up: %s", model.id(), why.getMessage());
    }

    private void ended(LlamaServer server) {
        leave(() -> {
            var reason = server.stoodStill() ? life.stopped(server.crash()) : life.ended(server.crash());
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
        pool.room().left(this);
        decision.run();
        forgetWhenOver();
        pool.finishWhenGone();
        pool.settle();
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
        lastUse = pool.nextArrival();
        if (idleAlarm != null) {
            idleAlarm.close();
        }
        if (!pinned()) {
            idleAlarm = pool.alarms().after(settings.idleTime(), () -> pool.send(() -> life.idle(use)));
        }
    }

    @Override
    public void changed() {
        since = Instant.now();
        if (pinned() && gone() && !pool.closing()) {
            var backOff = life.backOff().untilNextStart();
            var wait = backOff.compareTo(PIN_AGAIN) > 0 ? backOff : PIN_AGAIN;
            pinAgain = Instant.now().plus(wait);
            pinAlarm = pool.alarms().after(wait, () -> pool.send(this::keepUp));
        }
    }

    @Override
    public void quiet() {
        pool.send(pool::settle);
    }

    @Override
    public long bytes() {
        return model.memory().bytes();
    }

    @Override
    public boolean pinned() {
        return model.pinned() == key.purpose() && !pool.outOfUse(model);
    }

    @Override
    public boolean wanted() {
        return !pool.closing() && (life.waiting() > 0 || pinned());
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
        var why = new EngineException.TooLarge(
                "model %s needs %d MB of memory, and engines may have %d MB%s; raise ringfence.engines.memory-budget"
                                .formatted(
                                        model.id(),
                                        model.memory().megabytes(),
                                        new DataSize(Math.max(0, most)).megabytes(),
                                        most < settings.memoryBudget() ? " beside the pinned ones" : "")
                        + ", or lower the model's context_tokens, slots or min_memory_mb"
                        + second());
        if (pinned()) {
            notUp(why);
        }
        life.loadFailed(why);
        pool.finishWhenGone();
    }

    private String second() {
        if (model.pinned() == null || model.pinned() == key.purpose()) {
            return "";
        }
        return switch (key.purpose()) {
            case EMBEDDINGS -> "; vectors need a second engine of it beside the pinned one, which makes texts";
            case TEXT -> "; texts need a second engine of it beside the pinned one, which makes vectors";
        };
    }

    @Override
    public void abandoned() {
        life.abandoned();
        forgetWhenOver();
        pool.finishWhenGone();
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

    LlamaServerPool.Reading read() {
        var server = life.state() instanceof EngineLife.Up<LlamaServer>(var up) ? up : null;
        var state = state();
        var from = state instanceof State.Failed && trouble != null ? troubleSince : since;
        return new LlamaServerPool.Reading(
                new EngineStatus(model.id(), key.purpose(), state, from, life.waiting(), model.memory()), server);
    }

    /** Why it is not up though somebody wanted it; null when that is not so. */
    @Nullable RuntimeException failure() {
        return trouble == null ? life.backOff().lastFailure() : trouble;
    }

    private State state() {
        return switch (life.state()) {
            case EngineLife.Cold<LlamaServer> _ -> {
                var failure = failure();
                yield failure == null
                        ? new State.Cold()
                        : new State.Failed(
                                String.valueOf(failure.getMessage()),
                                trouble == null
                                        ? Instant.now().plus(life.backOff().untilNextStart())
                                        : pinAgain);
            }
            case EngineLife.Loading<LlamaServer> _ -> new State.Loading();
            case EngineLife.Up<LlamaServer>(var up) -> new State.Ready(up.pid(), slots, life.busySlots());
            case EngineLife.Stopping<LlamaServer> _ -> new State.Stopping();
        };
    }
}
