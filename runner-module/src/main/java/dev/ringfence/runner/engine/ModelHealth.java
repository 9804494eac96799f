package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import io.smallrye.mutiny.TimeoutException;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whether models answer, found out by asking for one token. An answer is kept for a while, and whoever asks meanwhile
 * shares it, so that probes cost next to nothing however many there are. Thread-safe.
 */
public final class ModelHealth {
    /** How long an answer is kept. */
    public static final Duration KEPT = Duration.ofSeconds(30);

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final int MOST = 1000;
    private static final double TEMPERATURE = 0.1;

    // Guarded by this.
    private final Map<String, Kept> reports = new LinkedHashMap<>(16, 0.75F, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Kept> eldest) {
            return size() > MOST;
        }
    };

    /**
     * What was found.
     *
     * @param at when the model was asked
     * @param took until the end of its answer
     * @param reason why it did not answer; null when it did
     */
    public record Report(
            Instant at, Duration took, @Nullable String reason) {
        /** Whether it answered. */
        public boolean healthy() {
            return reason == null;
        }
    }

    /**
     * Asks, unless that was done less than half a minute ago. Never fails, and takes ten seconds at most.
     *
     * @param operation that the model can do
     */
    public synchronized Uni<Report> check(ServedModel model, Operation operation) {
        var key = model.id() + " " + operation;
        var kept = reports.get(key);
        if (kept == null || System.nanoTime() - kept.since() > KEPT.toNanos()) {
            kept = new Kept(System.nanoTime(), ask(model, operation).memoize().indefinitely());
            reports.put(key, kept);
        }
        return kept.report();
    }

    /** Asked for at a time of the monotonic clock. */
    private record Kept(long since, Uni<Report> report) {}

    private static Uni<Report> ask(ServedModel model, Operation operation) {
        return Uni.createFrom().deferred(() -> {
            var at = Instant.now();
            long start = System.nanoTime();
            var generation = model.generate(request(operation), LIMIT, _ -> {});
            return generation
                    .result()
                    .ifNoItem()
                    .after(LIMIT)
                    .fail()
                    .map(ModelHealth::reason)
                    .onFailure()
                    .recoverWithItem(failure -> {
                        generation.cancel();
                        return reason(failure);
                    })
                    .map(reason -> new Report(
                            at, Duration.ofNanos(System.nanoTime() - start), reason.isEmpty() ? null : reason));
        });
    }

    private static String reason(GenerationResult result) {
        return switch (result) {
            case GenerationResult.Answered _ -> "";
            case GenerationResult.TimedOut(var limit) -> tooSlow(limit);
            case GenerationResult.Cancelled() -> "it was told to end";
        };
    }

    private static String reason(Throwable failure) {
        return failure instanceof TimeoutException ? tooSlow(LIMIT) : String.valueOf(failure.getMessage());
    }

    private static String tooSlow(Duration limit) {
        return "it gave no answer within " + limit.toSeconds() + " s";
    }

    private static GenerationRequest request(Operation operation) {
        var body = JsonNodeFactory.instance.objectNode();
        switch (operation) {
            case EMBEDDINGS -> body.put("input", "a");
            case COMPLETION -> body.put("prompt", "a");
            case CHAT ->
                body.putArray("messages").addObject().put("role", "user").put("content", "a");
        }
        if (operation != Operation.EMBEDDINGS) {
            body.put("max_tokens", 1).put("temperature", TEMPERATURE);
        }
        return new GenerationRequest(operation, body, "health");
    }
}
