package dev.ringfence.runner.capability;

import dev.ringfence.runner.engine.Generation;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import dev.ringfence.runner.engine.GenerationRequest;
import dev.ringfence.runner.engine.ServedModel;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.stream.Stream;

/** An answer under way. */
record ModelExecution(Generation generation, GenerationOutcome outcomes) implements Execution {
    static Execution start(Invocation invocation, ServedModel model, GenerationRequest request, OutputSink sink) {
        var answer = new AnswerSoFar();
        var generation = model.generate(request, limit(invocation, model), event -> {
            answer.add(event);
            if (event instanceof Delta delta && !delta.text().isEmpty()) {
                sink.put("text", delta.text());
            }
            sink.answered(event);
        });
        return new ModelExecution(generation, new GenerationOutcome(model.id(), answer));
    }

    /** An execution with nothing to do. */
    static Execution refused(String model, String type, String message) {
        var failure = new Outcome.Failed(type, message, FenceJson.object().put("model", model));
        return new Execution() {
            @Override
            public Uni<Outcome> outcome() {
                return Uni.createFrom().item(failure);
            }

            @Override
            public void cancel() {}
        };
    }

    /** An engine outlives its requests, so the profiles' time limits are kept here. */
    private static Duration limit(Invocation invocation, ServedModel model) {
        return Stream.of(
                        invocation.deadline(),
                        invocation.profile().processLimits().maxExecutionTime(),
                        model.longest())
                .min(Duration::compareTo)
                .orElseThrow();
    }

    @Override
    public Uni<Outcome> outcome() {
        return generation.result().map(outcomes::of).onFailure().recoverWithItem(outcomes::failed);
    }

    @Override
    public void cancel() {
        generation.cancel();
    }
}
