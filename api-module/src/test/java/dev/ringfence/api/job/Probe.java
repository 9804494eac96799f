package dev.ringfence.api.job;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.capability.Capability;
import dev.ringfence.runner.capability.Execution;
import dev.ringfence.runner.capability.Invocation;
import dev.ringfence.runner.capability.Outcome;
import dev.ringfence.runner.capability.OutputSink;
import io.smallrye.mutiny.Uni;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** A capability whose work a test holds in its hand. */
final class Probe implements Capability {
    /** The works by their jobs, as they were started. */
    final Map<String, Work> works = new ConcurrentHashMap<>();

    final AtomicInteger starts = new AtomicInteger();
    private final Function<Work, Execution> way;
    private volatile boolean repeatable;
    private volatile boolean usesTokens;
    private volatile boolean fenced = true;

    /** Runs whenever the pipeline asks what kind of capability this is. */
    volatile Runnable asked = () -> {};

    private Probe(Function<Work, Execution> way) {
        this.way = way;
    }

    /** Work that goes on until a test ends it; a cancellation ends it as well. */
    static Probe heldByTheTest() {
        return new Probe(work -> work);
    }

    /** Work that is done as soon as it starts. */
    static Probe done() {
        return new Probe(work -> {
            work.complete();
            return work;
        });
    }

    static Probe of(Function<Work, Execution> way) {
        return new Probe(way);
    }

    Probe repeatable(boolean now) {
        repeatable = now;
        return this;
    }

    Probe usingTokens() {
        usesTokens = true;
        return this;
    }

    @Override
    public boolean usesTokens() {
        return usesTokens;
    }

    Probe unfenced() {
        fenced = false;
        return this;
    }

    @Override
    public boolean fenced() {
        asked.run();
        return fenced;
    }

    @Override
    public String name() {
        return "Probe";
    }

    @Override
    public String description() {
        return "For tests";
    }

    @Override
    public ObjectNode schema() {
        var schema = JsonNodeFactory.instance.objectNode().put("type", "object");
        schema.putObject("properties").putObject("number").put("type", "number");
        return schema;
    }

    @Override
    public boolean repeatable() {
        asked.run();
        return repeatable;
    }

    @Override
    public Execution start(Invocation invocation, OutputSink sink) {
        starts.incrementAndGet();
        var work = new Work(invocation, sink);
        works.put(invocation.jobId(), work);
        return way.apply(work);
    }

    @Override
    public Outcome dryRun(Invocation invocation) {
        return new Outcome.Completed(JsonNodeFactory.instance.objectNode().put("message", "it would probe"));
    }

    /** A job's work, as soon as it has been started. */
    Work started(String jobId) {
        return await().until(() -> Optional.ofNullable(works.get(jobId)), Optional::isPresent)
                .orElseThrow();
    }

    static ObjectNode data(String text) {
        return JsonNodeFactory.instance.objectNode().put("text", text);
    }

    /** Work under way. */
    static class Work implements Execution {
        final Invocation invocation;
        final OutputSink sink;
        final CompletableFuture<Outcome> outcome = new CompletableFuture<>();
        final AtomicInteger cancellations = new AtomicInteger();

        /** Whether a cancellation is followed; otherwise the test has to end the work. */
        volatile boolean obedient = true;

        Work(Invocation invocation, OutputSink sink) {
            this.invocation = invocation;
            this.sink = sink;
        }

        void complete() {
            outcome.complete(new Outcome.Completed(data("done")));
        }

        @Override
        public Uni<Outcome> outcome() {
            return Uni.createFrom().completionStage(outcome::copy);
        }

        @Override
        public void cancel() {
            cancellations.incrementAndGet();
            if (obedient) {
                outcome.complete(new Outcome.Cancelled(data("cancelled")));
            }
        }
    }
}
