package dev.ringfence.runner.engine;

import dev.ringfence.runner.engine.EngineException.Closed;
import dev.ringfence.runner.engine.EngineException.Down;
import dev.ringfence.runner.engine.EngineException.Saturated;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The life of one model's engine: which requests hold its slots, which wait, and what happens next. It decides and
 * starts nothing itself, so it can be tested without processes. One thread, the pool's, calls everything here; whoever
 * else wants something sends that thread a request.
 *
 * <pre>
 *            first request                    healthy
 *   Cold ────────────────────► Loading ────────────────────► Up
 *    ▲  ◄─────────────────────────┘ failed                   │ │
 *    │  ◄─────────────────────────────────────────── crashed ┘ │ idle, or the service ends
 *    └────────────────── ended ◄────────── Stopping ◄──────────┘
 * </pre>
 *
 * After a failure the next request starts the engine at once; after each further one without an answer in between, a
 * start is refused for a time that doubles up to half a minute.
 *
 * @param <S> what a started engine is
 */
final class EngineLife<S> {
    private static final Duration FIRST_BACK_OFF = Duration.ofMillis(500);
    private static final Duration LAST_BACK_OFF = Duration.ofSeconds(30);
    private static final Duration ASK_AGAIN = Duration.ofSeconds(1);

    private final Effects<S> effects;
    private final LongSupplier nanoTime;
    private final int queue;
    private final Deque<Request<S>> waiting = new ArrayDeque<>();
    private final Deque<Integer> freeSlots = new ArrayDeque<>();
    private final int slots;
    private State<S> state = new Cold<>();
    private int failures;
    private @Nullable Down lastFailure;
    private long notBefore;
    private long uses;
    private boolean closed;

    EngineLife(int slots, int queue, Effects<S> effects, LongSupplier nanoTime) {
        this.slots = slots;
        this.queue = queue;
        this.effects = effects;
        this.nanoTime = nanoTime;
        for (int slot = slots - 1; slot >= 0; slot--) {
            freeSlots.push(slot);
        }
    }

    /** What the outside does for a life. Each answers later, through the pool's thread. */
    interface Effects<S> {
        /** Starts an engine; {@link #up} or {@link #loadFailed} follows. */
        void load();

        /** Stops it; {@link #ended} follows. */
        void stop(S engine);

        /** Calls {@link #idle} with this number when the idle time has passed. */
        void wakeWhenIdle(long use);

        /** The state is another one now. */
        void changed();
    }

    /** Somebody who wants a slot. All are called on the pool's thread and must not block. */
    interface Request<S> {
        /** The engine is up; from now on only other requests are waited for. */
        void engineUp();

        /** Whether the slot is taken; no when the request was given up meanwhile. */
        boolean granted(S engine, int slot);

        void refused(RuntimeException why);
    }

    /** Each state knows the ones that may follow. */
    sealed interface State<S> {}

    record Cold<S>() implements State<S> {
        Loading<S> load() {
            return new Loading<>();
        }
    }

    record Loading<S>() implements State<S> {
        Up<S> up(S engine) {
            return new Up<>(engine);
        }

        Cold<S> failed() {
            return new Cold<>();
        }
    }

    record Up<S>(S engine) implements State<S> {
        Stopping<S> stop() {
            return new Stopping<>();
        }

        Cold<S> crashed() {
            return new Cold<>();
        }
    }

    record Stopping<S>() implements State<S> {
        Cold<S> ended() {
            return new Cold<>();
        }
    }

    void acquire(Request<S> request) {
        if (closed) {
            request.refused(new Closed());
            return;
        }
        if (waiting.size() >= queue + freeSlots.size()) {
            request.refused(new Saturated(
                    "all %d slots of the model are taken and %d requests wait".formatted(slots, waiting.size()),
                    ASK_AGAIN));
            return;
        }
        waiting.add(request);
        if (state instanceof Up) {
            request.engineUp();
        }
        proceed();
    }

    /** The request does not want a slot any more; of no effect when it does not wait. */
    void giveUp(Request<S> request) {
        waiting.remove(request);
    }

    /** @param answered whether the engine has shown that it works */
    void release(int slot, boolean answered) {
        freeSlots.push(slot);
        if (answered) {
            failures = 0;
            lastFailure = null;
        }
        proceed();
    }

    void up(S engine) {
        switch (state) {
            case Loading<S> loading -> {
                become(loading.up(engine));
                waiting.forEach(Request::engineUp);
                proceed();
            }
            case Cold<S> _, Up<S> _, Stopping<S> _ -> throw unexpected("up");
        }
    }

    /** @param why a {@link Down} counts as a failure of the engine; anything else may be mended by the next request */
    void loadFailed(RuntimeException why) {
        switch (state) {
            case Loading<S> loading -> {
                var reason = why instanceof Down down ? failed(down) : why;
                become(loading.failed());
                refuseAll(closed ? new Closed() : reason);
            }
            case Cold<S> _, Up<S> _, Stopping<S> _ -> throw unexpected("failing to load");
        }
    }

    /**
     * The engine's process is gone.
     *
     * @param why what a request hears that was being answered
     * @return the same with the time until a new start
     */
    EngineException ended(Down why) {
        return switch (state) {
            case Up<S> up -> {
                var reason = failed(why);
                become(up.crashed());
                proceed();
                yield reason;
            }
            case Stopping<S> stopping -> {
                become(stopping.ended());
                proceed();
                yield new Closed();
            }
            case Cold<S> _, Loading<S> _ -> throw unexpected("ending");
        };
    }

    /** Stops an engine that nobody has used since. */
    void idle(long use) {
        if (use == uses && state instanceof Up<S> up && freeSlots.size() == slots && waiting.isEmpty()) {
            stop(up);
        }
    }

    /** Nothing new is begun; an engine that is up is stopped, one that loads when it has loaded. */
    void close() {
        closed = true;
        refuseAll(new Closed());
        if (state instanceof Up<S> up) {
            stop(up);
        }
    }

    State<S> state() {
        return state;
    }

    int waiting() {
        return waiting.size();
    }

    int busySlots() {
        return slots - freeSlots.size();
    }

    @Nullable Down lastFailure() {
        return lastFailure;
    }

    Duration untilNextStart() {
        return failures == 0 ? Duration.ZERO : Duration.ofNanos(Math.max(0, notBefore - nanoTime.getAsLong()));
    }

    private void proceed() {
        switch (state) {
            case Cold<S> cold -> {
                if (!waiting.isEmpty()) {
                    start(cold);
                }
            }
            case Up<S> up -> {
                if (closed) {
                    stop(up);
                } else {
                    grant(up);
                }
            }
            case Loading<S> _, Stopping<S> _ -> {
                // What is under way ends with a call that proceeds.
            }
        }
    }

    private void start(Cold<S> cold) {
        var wait = untilNextStart();
        if (wait.isPositive() && lastFailure != null) {
            refuseAll(lastFailure.after(wait));
            return;
        }
        become(cold.load());
        effects.load();
    }

    private void grant(Up<S> up) {
        while (!freeSlots.isEmpty() && !waiting.isEmpty()) {
            int slot = freeSlots.pop();
            if (!waiting.remove().granted(up.engine(), slot)) {
                freeSlots.push(slot);
            }
        }
        uses++;
        if (freeSlots.size() == slots) {
            effects.wakeWhenIdle(uses);
        }
    }

    private void stop(Up<S> up) {
        become(up.stop());
        effects.stop(up.engine());
    }

    private Down failed(Down why) {
        failures++;
        var wait = backOff();
        notBefore = nanoTime.getAsLong() + wait.toNanos();
        var failure = why.after(wait);
        lastFailure = failure;
        return failure;
    }

    private Duration backOff() {
        if (failures < 2) {
            return Duration.ZERO;
        }
        var doubled = FIRST_BACK_OFF.multipliedBy(1L << Math.min(failures - 2, 10));
        return doubled.compareTo(LAST_BACK_OFF) > 0 ? LAST_BACK_OFF : doubled;
    }

    private void refuseAll(RuntimeException why) {
        for (var request = waiting.poll(); request != null; request = waiting.poll()) {
            request.refused(why);
        }
    }

    private void become(State<S> next) {
        state = next;
        effects.changed();
    }

    private IllegalStateException unexpected(String what) {
        return new IllegalStateException(what + " in state " + state);
    }
}
