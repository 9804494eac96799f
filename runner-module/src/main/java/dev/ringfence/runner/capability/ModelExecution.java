package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.EngineProgress;
import dev.ringfence.runner.engine.EngineUse;
import dev.ringfence.runner.engine.Generation;
import dev.ringfence.runner.engine.GenerationEvent;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import dev.ringfence.runner.engine.GenerationListener;
import dev.ringfence.runner.engine.GenerationRequest;
import dev.ringfence.runner.engine.ServedModel;
import io.smallrye.mutiny.Uni;
import java.util.List;

/** An answer under way. */
record ModelExecution(Generation generation, GenerationOutcome outcomes) implements Execution {
    static Execution start(Invocation invocation, ServedModel model, GenerationRequest request, OutputSink sink) {
        var answer = new AnswerSoFar();
        var outcomes = new GenerationOutcome(invocation, model, answer, System.nanoTime());
        // An engine outlives its requests, so the profiles' time limits are kept here.
        var generation = model.generate(request, invocation.limit(model.longest()), new Listener(answer, sink));
        return new ModelExecution(generation, outcomes);
    }

    /** Passes on what comes, and why nothing comes yet. */
    private record Listener(AnswerSoFar answer, OutputSink sink) implements GenerationListener {
        @Override
        public void heard(GenerationEvent event) {
            answer.add(event);
            if (event instanceof Delta delta && !delta.text().isEmpty()) {
                sink.put("text", delta.text());
            }
            sink.answered(event);
        }

        @Override
        public void waits(EngineProgress progress) {
            var data = ResultJson.object();
            switch (progress) {
                case EngineProgress.AwaitsMemory() -> sink.progress("awaiting-memory", data);
                case EngineProgress.Loading(var elapsed, var percent) -> {
                    data.put("elapsed_ms", elapsed.toMillis());
                    if (percent != null) {
                        data.put("percent", percent);
                    }
                    sink.progress("loading", data);
                }
                case EngineProgress.Queued(int position) -> sink.progress("queued", data.put("position", position));
            }
        }
    }

    /** An execution with nothing to do. */
    static Execution refused(String model, String type, String message) {
        var failure = new Outcome.Failed(type, message, ResultJson.object().put("model", model));
        return new Execution() {
            @Override
            public Uni<Outcome> outcome() {
                return Uni.createFrom().item(failure);
            }

            @Override
            public void cancel() {}
        };
    }

    /** What a question would come to; the model is not asked. */
    static Outcome rehearsed(ModelSource models, String id, Invocation invocation) {
        return switch (models.resolve(id, invocation.agent())) {
            case ModelSource.Resolution.Found(var model) ->
                new Outcome.Completed(ResultJson.object()
                        .put("message", "it would ask the model " + model.id())
                        .put("model", model.id())
                        .put("deadline_ms", invocation.limit(model.longest()).toMillis()));
            case ModelSource.Resolution.Refused(var type, var message) ->
                new Outcome.Failed(type, message, ResultJson.object().put("model", id));
        };
    }

    @Override
    public Uni<Outcome> outcome() {
        return generation
                .result()
                .map(outcomes::of)
                .onFailure()
                .recoverWithItem(outcomes::failed)
                .invoke(outcome -> generation.engine().ifPresent(engine -> show(engine, outcome.data())));
    }

    @Override
    public void cancel() {
        generation.cancel();
    }

    /** The engine answers others as well: what it had is its own, and since it was started. */
    private static void show(EngineUse engine, ObjectNode data) {
        var json = data.putObject("engine");
        if (engine.peakMemoryBytes() > 0) {
            json.put("peak_memory_bytes", engine.peakMemoryBytes());
        }
        if (!data.has("limits_hit")) {
            ResultJson.limitsHit(data, List.of());
        }
        data.set("fence", ResultJson.report(engine.fence()));
    }
}
