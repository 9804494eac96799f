package dev.ringfence.runner.engine;

import dev.ringfence.runner.engine.EngineException.Closed;
import dev.ringfence.runner.engine.EngineException.Down;
import dev.ringfence.runner.engine.EngineException.Saturated;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;

/**
 * The life of one model's engine: which requests hold its slots, which wait, and what happens next. It decides and
 * starts nothing itself, so it can be tested without processes. Only the pool's decisions call what is here, one
 * after the other.
 *
 * <pre>
 *            first request                    healthy
 *   Cold ────────────────────► Loading ────────────────────► Up
 *    ▲  ◄─────────────────────────┘ failed                   │ │
 *    │  ◄─────────────────────────────────────────── crashed ┘ │ idle, evicted, retired, or the service ends
 *    └────────────────── ended ◄────────── Stopping ◄──────────┘
 * </pre>
 *
 * Agents take turns for the slots ({@link FairQueue}). While another model waits for this one's memory, only requests
 * that are older than that one's get a slot, and any until the engine has been up for as long as it took to load: so
 * nobody is passed over for ever, and loading takes at most about half of the time.
 *
 * After failures, a start is refused as long as the {@link BackOff} says.
 *
 * @param <S> what a started engine is
 */
final class EngineLife<S> {
    private static final Duration SOONEST = Duration.ofSeconds(1);
    private static final Duration LATEST = Duration.ofMinutes(1);

    /** How much the newest request counts in the average of how long one takes. */
    private static final double NEWEST = 0.2;

    private final Effects<S> effects;
    private final LongSupplier nanoTime;
    private final int queue;
    private final FairQueue<Request<S>> waiting = new FairQueue<>();
    private Map<Request<S>, Integer> toldPlaces = new HashMap<>();
    private final Deque<Integer> freeSlots = new ArrayDeque<>();
    private final int slots;
    private State<S> state = new Cold<>();
    private final BackOff backOff;
    private long uses;
    private boolean closed;
    private boolean retired;

    /** Requests that came later get no slot: another model waits for the memory. */
    private long yieldAfter = Long.MAX_VALUE;

    private long loadingSince;
    private long freeUntil;
    private final long[] grantedAt;
    private double averageNanos;

    EngineLife(int slots, int queue, Effects<S> effects, LongSupplier nanoTime) {
        this.slots = slots;
        this.queue = queue;
        this.effects = effects;
        this.nanoTime = nanoTime;
        this.grantedAt = new long[slots];
        this.backOff = new BackOff(nanoTime);
        for (int slot = slots - 1; slot >= 0; slot--) {
            freeSlots.push(slot);
        }
    }

    /** What the outside does for a life. Each answers later, through a decision of the pool. */
    interface Effects<S> {
        /** Starts an engine; {@link #up} or {@link #loadFailed} follows. */
        void load();

        /** Stops it; {@link #ended} follows. */
        void stop(S engine);

        /** Calls {@link #idle} with this number when the idle time has passed. */
        void wakeWhenIdle(long use);

        /** The state is another one now. */
        void changed();

        /** Nobody uses the engine, and nobody who waits may: another model may have its memory. */
        void quiet();
    }

    /** Somebody who wants a slot. All are called by the pool's decisions and must not block. */
    interface Request<S> {
        /** Who asks. */
        String agent();

        /** The engine is up; from now on only other requests are waited for. */
        void engineUp();

        /** It is not any more, and has to be loaded again first. */
        void engineDown();

        /** Why it still waits. */
        void waits(EngineProgress progress);

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

    /**
     * @param arrival counts up over all engines
     */
    void acquire(Request<S> request, long arrival) {
        if (closed) {
            request.refused(new Closed());
            return;
        }
        if (waiting.full(request.agent(), queue, freeSlots.size())) {
            request.refused(new Saturated(
                    "%s and %d requests wait, %d of them of the same agent"
                            .formatted(whyNotNow(), waiting.size(), waiting.size(request.agent())),
                    askAgain(),
                    waiting.size() + 1));
            return;
        }
        waiting.add(request.agent(), request, arrival);
        if (state instanceof Up) {
            request.engineUp();
        }
        proceed();
    }

    private String whyNotNow() {
        return switch (state) {
            case Cold<S> _, Loading<S> _ -> "the model is not loaded yet";
            case Up<S> _ ->
                freeSlots.isEmpty()
                        ? "all %d slots of the model are taken".formatted(slots)
                        : "the model makes room for another one";
            case Stopping<S> _ -> "the model's engine is being stopped";
        };
    }

    /** When there should be room, by how long requests took lately. */
    private Duration askAgain() {
        var guess = Duration.ofNanos((long) (averageNanos * (waiting.size() + 1) / slots));
        return guess.compareTo(SOONEST) < 0 ? SOONEST : guess.compareTo(LATEST) > 0 ? LATEST : guess;
    }

    /** The request does not want a slot any more; of no effect when it does not wait. */
    void giveUp(Request<S> request) {
        waiting.remove(request);
        tellPlaces();
    }

    /** @param answered whether the engine has shown that it works */
    void release(int slot, boolean answered) {
        freeSlots.push(slot);
        double took = nanoTime.getAsLong() - grantedAt[slot];
        averageNanos = averageNanos == 0 ? took : NEWEST * took + (1 - NEWEST) * averageNanos;
        if (answered) {
            backOff.answered();
        }
        proceed();
    }

    void up(S engine) {
        switch (state) {
            case Loading<S> loading -> {
                long now = nanoTime.getAsLong();
                freeUntil = now + (now - loadingSince);
                become(loading.up(engine));
                waiting.inOrder().forEach(Request::engineUp);
                proceed();
            }
            case Cold<S> _, Up<S> _, Stopping<S> _ -> throw unexpected("up");
        }
    }

    /** The start that was asked for takes place now, and not before: there was no room. */
    void begun() {
        loadingSince = nanoTime.getAsLong();
    }

    /** The start that was asked for does not take place: nobody waits for it any more. */
    void abandoned() {
        switch (state) {
            case Loading<S> loading -> become(loading.failed());
            case Cold<S> _, Up<S> _, Stopping<S> _ -> throw unexpected("giving up");
        }
    }

    /** Tells all who wait why. */
    void tell(EngineProgress progress) {
        waiting.inOrder().forEach(request -> request.waits(progress));
    }

    /** Tells those who wait for a slot at which place, if it is another one than they know. */
    private void tellPlaces() {
        var places = new HashMap<Request<S>, Integer>();
        if (state instanceof Up) {
            for (var request : waiting.inOrder()) {
                int place = places.size() + 1;
                places.put(request, place);
                if (toldPlaces.getOrDefault(request, 0) != place) {
                    request.waits(new EngineProgress.Queued(place));
                }
            }
        }
        toldPlaces = places;
    }

    /** Starts the engine though nobody asks; of no effect when it is there or may not start yet. */
    void preload() {
        if (state instanceof Cold<S> cold
                && !closed
                && !retired
                && !backOff.untilNextStart().isPositive()) {
            start(cold);
        }
    }

    /** @param why a {@link Down} counts as a failure of the engine; anything else may be mended by the next request */
    void loadFailed(RuntimeException why) {
        switch (state) {
            case Loading<S> loading -> {
                var reason = why instanceof Down down ? backOff.failed(down) : why;
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
        return ended(why, backOff::failed);
    }

    /** As {@link #ended}, of an engine that was stopped for what it was asked: it does not count as a failure of the engine. */
    EngineException stopped(Down why) {
        return ended(why, UnaryOperator.identity());
    }

    private EngineException ended(Down why, UnaryOperator<Down> count) {
        return switch (state) {
            case Up<S> up -> {
                var reason = count.apply(why);
                become(up.crashed());
                waiting.inOrder().forEach(Request::engineDown);
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

    /** Stops it for another model's sake; false when it is not up, or at work. */
    boolean evict() {
        if (state instanceof Up<S> up && freeSlots.size() == slots) {
            stop(up);
            return true;
        }
        return false;
    }

    /** Whether {@link #evict} would. */
    boolean evictable() {
        return state instanceof Up && freeSlots.size() == slots;
    }

    /**
     * Lets only requests have slots that came before another one, which waits for this engine's memory; and others until
     * the time is over that loading was worth.
     */
    void yieldTo(long arrival) {
        yieldAfter = arrival;
    }

    /** Nobody waits for its memory any more. */
    void yieldNot() {
        if (yieldAfter != Long.MAX_VALUE) {
            yieldAfter = Long.MAX_VALUE;
            proceed();
        }
    }

    /** Out of use it answers those who have asked, and then stops; it may come into use again before. */
    void retire(boolean outOfUse) {
        if (retired != outOfUse) {
            retired = outOfUse;
            proceed();
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

    /** When the oldest of those who wait came. */
    long oldest() {
        return waiting.oldest();
    }

    int busySlots() {
        return slots - freeSlots.size();
    }

    BackOff backOff() {
        return backOff;
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
        tellPlaces();
    }

    private void start(Cold<S> cold) {
        var wait = backOff.untilNextStart();
        var failure = backOff.lastFailure();
        if (wait.isPositive() && failure != null) {
            refuseAll(failure.notYet(wait));
            return;
        }
        become(cold.load());
        begun();
        effects.load();
    }

    private void grant(Up<S> up) {
        boolean free = nanoTime.getAsLong() - freeUntil < 0;
        for (boolean more = true; more && !freeSlots.isEmpty(); ) {
            var request = waiting.poll(arrival -> free || arrival < yieldAfter);
            more = request.isPresent();
            if (more) {
                int slot = freeSlots.pop();
                grantedAt[slot] = nanoTime.getAsLong();
                if (!request.get().granted(up.engine(), slot)) {
                    freeSlots.push(slot);
                }
            }
        }
        uses++;
        if (freeSlots.size() == slots) {
            if (retired && waiting.isEmpty()) {
                stop(up);
            } else {
                effects.wakeWhenIdle(uses);
                effects.quiet();
            }
        }
    }

    private void stop(Up<S> up) {
        become(up.stop());
        yieldAfter = Long.MAX_VALUE;
        waiting.inOrder().forEach(Request::engineDown);
        effects.stop(up.engine());
    }

    private void refuseAll(RuntimeException why) {
        waiting.drain().forEach(request -> request.refused(why));
    }

    private void become(State<S> next) {
        state = next;
        effects.changed();
    }

    private IllegalStateException unexpected(String what) {
        return new IllegalStateException(what + " in state " + state);
    }
}
