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
    private Alarms.@Nullable Alarm overdue;
    private boolean over;
    private Duration spent = Duration.ZERO;
    private long upSince;

    /** Of vectors, in the middle of their coming. Only for the task's own thread. */
    private boolean brokeOff;

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
        Thread teller;
        synchronized (this) {
            if (endedFromOutside != null) {
                return;
            }
            endedFromOutside = how;
            open = connection;
            teller = listening;
            if (teller != null && !teller.equals(Thread.currentThread())) {
                teller.interrupt();
            }
        }
        if (lease.cancel(false)) {
            desk.giveUp(this);
        }
        if (open != null && request.operation() != Operation.EMBEDDINGS) {
            open.hangUp();
        } else if (open != null && teller == null) {
            leaveToTheEngine(how, open, lease.join().server());
        }
    }

    /**
     * The engine does not notice that nobody wants vectors any more, and spreads them over all its slots, so that it cannot
     * be asked whether it still makes these: the slot stays taken until they have come. Who asked does not wait for that.
     */
    private void leaveToTheEngine(GenerationResult how, HttpConnection open, LlamaServer server) {
        synchronized (this) {
            if (!over) {
                overdue = alarms.at(alarms.awake(server.longestPiece()), () -> {
                    server.stopOverdue();
                    open.hangUp();
                });
            }
        }
        result.complete(how);
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
        over = true;
        if (deadline != null) {
            deadline.close();
        }
        if (overdue != null) {
            overdue.close();
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
            giveBack(held, answered);
        }
    }

    private void giveBack(Lease held, boolean answered) {
        boolean vectors = request.operation() == Operation.EMBEDDINGS;
        if (brokeOff) {
            held.server().awaitEnd(IDLE_AGAIN);
        }
        if (answered || vectors || held.server().awaitIdle(held.slot(), IDLE_AGAIN)) {
            desk.release(held.slot(), answered);
        } else {
            // Who asked need not wait for a step of the engine; who gets the slot next has to.
            Thread.ofVirtual().name("settle-" + held.server().pid()).start(() -> settle(held));
        }
    }

    private void settle(Lease held) {
        held.server().settle(held.slot());
        desk.release(held.slot(), false);
    }

    private GenerationResult ask(Lease held, Duration waited) throws IOException {
        boolean tools = ToolGrammar.concerns(request) && held.server().templateKnowsTools(this::entrust);
        var answer = new EngineAnswer(request, tools);
        if (request.operation() == Operation.EMBEDDINGS) {
            return askForVectors(held, answer, waited);
        }
        try (var open = held.server().connect()) {
            return readStream(answer, new SseReader(post(open, answer, answer.body(held.slot())), MAX_EVENT), waited);
        }
    }

    /** One piece after the other, so that there is never more of them in the engine than it has slots. */
    private GenerationResult askForVectors(Lease held, EngineAnswer answer, Duration waited) throws IOException {
        try (var room = AnswerRoom.OF_THE_HEAP.share(AnswerRoom.Use.VECTORS)) {
            for (var piece : InputPieces.of(request.body().path("input"), EngineCommand.STEP_TOKENS)) {
                var how = outsideEnd();
                if (how != null) {
                    return how;
                }
                try (var open = held.server().connect()) {
                    brokeOff = true;
                    var body = room.reading(post(open, answer, answer.body(piece)));
                    answer.acceptVectors(EngineAnswer.parse(body), piece.size(), room);
                    brokeOff = false;
                }
            }
            var first = elapsed();
            tell(answer.vectors());
            return answered(answer, first, waited);
        }
    }

    private InputStream post(HttpConnection open, EngineAnswer answer, byte[] body) throws IOException {
        entrust(open);
        var response = open.postJson("/v1" + request.operation().path(), body, MAX_ANSWER);
        if (response.status() != 200) {
            var refusal = response.body().readNBytes(MAX_REFUSAL);
            brokeOff = false;
            throw answer.refusal(response.status(), new String(refusal, StandardCharsets.UTF_8));
        }
        return response.body();
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
                throw answer.refusal(500, event.data());
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
