package dev.ringfence.runner.engine;

import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import dev.ringfence.runner.engine.GenerationResult.Answered;
import io.smallrye.mutiny.Uni;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** One request to an engine: waits for a slot, asks, passes on what comes. Runs on a virtual thread of its own. */
final class GenerationTask implements Generation, Runnable, EngineLife.Request<LlamaServer> {
    private static final Duration IDLE_AGAIN = Duration.ofSeconds(1);
    private static final int MAX_EVENT = 1024 * 1024;

    /** Of bytes that pass; what is kept of them is bound by {@link AnswerBound} and {@link AnswerRoom}. */
    private static final long MAX_ANSWER = 256L * 1024 * 1024;

    private static final int MAX_REFUSAL = 64 * 1024;

    private final GenerationRequest request;
    private final Duration limit;
    private final AnswerBound listener;
    private final Desk desk;
    private final Alarms alarms;
    private final long start = System.nanoTime();
    private final long leastTokens;
    private final CompletableFuture<Lease> lease = new CompletableFuture<>();
    private final CompletableFuture<GenerationResult> result = new CompletableFuture<>();

    // Guarded by this: an end from outside and the connection that it has to close may come at the same time.
    private @Nullable GenerationResult endedFromOutside;
    private @Nullable HttpConnection connection;
    private @Nullable Thread listening;
    private Alarms.@Nullable Alarm deadline;
    private Duration spent = Duration.ZERO;
    private long upSince;

    GenerationTask(GenerationRequest request, Duration limit, GenerationListener listener, Desk desk, Alarms alarms) {
        this.request = request;
        this.limit = limit;
        this.listener = new AnswerBound(listener);
        this.desk = desk;
        this.alarms = alarms;
        this.leastTokens = PromptEstimate.leastTokens(request);
    }

    /** How many tokens the prompt has at least. */
    long leastTokens() {
        return leastTokens;
    }

    /** Where slots of one model are handed out. */
    interface Desk {
        void acquire(GenerationTask task);

        void giveUp(GenerationTask task);

        void release(int slot, boolean answered);
    }

    /** The right to use one slot. */
    private record Lease(LlamaServer server, int slot) {}

    @Override
    public Uni<GenerationResult> result() {
        // A copy, so that cancelling the subscription does not complete the original.
        return Uni.createFrom().completionStage(() -> result.copy());
    }

    @Override
    public Optional<EngineUse> engine() {
        return lease.isDone() && !lease.isCompletedExceptionally()
                ? Optional.of(lease.join().server().use())
                : Optional.empty();
    }

    @Override
    public void cancel() {
        end(new GenerationResult.Cancelled());
    }

    private void end(GenerationResult how) {
        HttpConnection open;
        synchronized (this) {
            if (endedFromOutside != null) {
                return;
            }
            endedFromOutside = how;
            open = connection;
            if (listening != null && !listening.equals(Thread.currentThread())) {
                listening.interrupt();
            }
        }
        if (lease.cancel(false)) {
            desk.giveUp(this);
        }
        if (open != null) {
            open.hangUp();
        }
    }

    @Override
    public String agent() {
        return request.agent();
    }

    @Override
    public synchronized void engineUp() {
        if (endedFromOutside == null && deadline == null) {
            upSince = System.nanoTime();
            deadline = alarms.after(limit.minus(spent), () -> end(new GenerationResult.TimedOut(limit)));
        }
    }

    /** Loading is no part of the limit, also when it comes again. */
    @Override
    public synchronized void engineDown() {
        if (deadline != null) {
            deadline.close();
            deadline = null;
            spent = spent.plusNanos(System.nanoTime() - upSince);
        }
    }

    @Override
    public void waits(EngineProgress progress) {
        listener.waits(progress);
    }

    @Override
    public boolean granted(LlamaServer server, int slot) {
        return lease.complete(new Lease(server, slot));
    }

    /** Nobody wants a slot for it any more. */
    boolean ended() {
        return lease.isDone();
    }

    @Override
    public void refused(RuntimeException why) {
        lease.completeExceptionally(why);
    }

    @Override
    public void run() {
        try {
            desk.acquire(this);
            result.complete(converse(lease.join()));
        } catch (CancellationException e) {
            result.complete(endedOr(e));
        } catch (CompletionException e) {
            result.completeExceptionally(e.getCause() == null ? e : e.getCause());
        } catch (RuntimeException | Error e) {
            result.completeExceptionally(e);
        } finally {
            listener.close();
            silence();
        }
    }

    private GenerationResult endedOr(RuntimeException otherwise) {
        var how = outsideEnd();
        if (how == null) {
            throw otherwise;
        }
        return how;
    }

    private synchronized @Nullable GenerationResult outsideEnd() {
        return endedFromOutside;
    }

    private synchronized void silence() {
        if (deadline != null) {
            deadline.close();
        }
    }

    private GenerationResult converse(Lease held) {
        boolean answered = false;
        try {
            var answer = ask(held, elapsed());
            answered = true;
            return answer;
        } catch (IOException e) {
            var how = outsideEnd();
            if (how == null) {
                throw held.server().explain(e);
            }
            return how;
        } catch (EngineException.PromptTooLong | EngineException.InvalidRequest e) {
            answered = true;
            throw e;
        } finally {
            if (answered || held.server().awaitIdle(held.slot(), IDLE_AGAIN) || !staysInItsSlot()) {
                desk.release(held.slot(), answered);
            } else {
                // Who asked need not wait for a step of the engine; who gets the slot next has to.
                Thread.ofVirtual().name("settle-" + held.server().pid()).start(() -> settle(held));
            }
        }
    }

    /** The engine spreads vectors over all its slots, and goes on with them when nobody wants them any more. */
    private boolean staysInItsSlot() {
        return request.operation() != Operation.EMBEDDINGS;
    }

    private void settle(Lease held) {
        held.server().settle(held.slot());
        desk.release(held.slot(), false);
    }

    private Answered ask(Lease held, Duration waited) throws IOException {
        boolean tools = ToolGrammar.concerns(request) && held.server().templateKnowsTools(this::entrust);
        var answer = new EngineAnswer(request, tools);
        try (var open = held.server().connect()) {
            entrust(open);
            var response = open.postJson("/v1" + request.operation().path(), answer.body(held.slot()), MAX_ANSWER);
            if (response.status() != 200) {
                var refusal = response.body().readNBytes(MAX_REFUSAL);
                throw EngineAnswer.refusal(response.status(), new String(refusal, StandardCharsets.UTF_8));
            }
            return request.operation() == Operation.EMBEDDINGS
                    ? readVectors(answer, response.body(), waited)
                    : readStream(answer, new SseReader(response.body(), MAX_EVENT), waited);
        }
    }

    /** From here on an end from outside closes the connection; one that has come already does so now. */
    private synchronized void entrust(HttpConnection open) throws IOException {
        if (endedFromOutside != null) {
            throw new IOException("ended before it began");
        }
        connection = open;
    }

    private Answered readStream(EngineAnswer answer, SseReader events, Duration waited) throws IOException {
        Duration firstToken = null;
        for (var event = events.next(); event != null; event = events.next()) {
            if (event.type().equals("error")) {
                throw EngineAnswer.refusal(500, event.data());
            }
            if (event.data().equals("[DONE]")) {
                if (!answer.complete()) {
                    throw new Misbehaved("the engine ended its answer without a reason or a count");
                }
                return answered(answer, firstToken, waited);
            }
            for (var delta : answer.accept(event.data())) {
                firstToken = firstToken == null ? elapsed() : firstToken;
                tell(delta);
            }
        }
        throw new EOFException("the engine closed the connection in the middle of an answer");
    }

    private Answered readVectors(EngineAnswer answer, InputStream body, Duration waited) throws IOException {
        try (var room = AnswerRoom.OF_THE_HEAP.reading(body)) {
            var vectors = answer.acceptVectors(EngineAnswer.parse(room));
            var first = elapsed();
            tell(vectors);
            return answered(answer, first, waited);
        }
    }

    /** The listener may block; an end from outside reaches it there. */
    private void tell(GenerationEvent event) throws IOException {
        synchronized (this) {
            if (endedFromOutside != null) {
                throw new IOException("ended while it was being answered");
            }
            listening = Thread.currentThread();
        }
        try {
            listener.heard(event);
        } finally {
            synchronized (this) {
                listening = null;
                var _ = Thread.interrupted();
            }
        }
    }

    private Answered answered(EngineAnswer answer, @Nullable Duration firstToken, Duration waited) {
        return new Answered(
                answer.finishReason(),
                answer.inputTokens(),
                answer.cachedTokens(),
                answer.outputTokens(),
                null,
                firstToken,
                answer.tokensPerSecond(),
                waited,
                elapsed());
    }

    private Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - start);
    }
}
