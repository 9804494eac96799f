package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.EngineException;
import dev.ringfence.runner.engine.GenerationResult;
import dev.ringfence.runner.engine.ServedModel;
import dev.ringfence.runner.fence.FenceException;
import dev.ringfence.runner.fence.LimitHit;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.Optional;

/**
 * What a job's result shows of a generation. What is not known is left out.
 *
 * @param answer what has come so far
 * @param started when the model was asked, by {@link System#nanoTime()}
 */
record GenerationOutcome(Invocation invocation, ServedModel model, AnswerSoFar answer, long started) {
    Outcome of(GenerationResult result) {
        return switch (result) {
            case GenerationResult.Answered answered -> new Outcome.Completed(data(answered));
            case GenerationResult.TimedOut(var limit) -> new Outcome.TimedOut(limit, timedOut(limit));
            case GenerationResult.Cancelled() -> new Outcome.Cancelled(partial());
        };
    }

    private ObjectNode data(GenerationResult.Answered answered) {
        var data = ResultJson.object();
        data.put("model", model.id());
        answer.showIn(data);
        data.put("finish_reason", answered.finishReason());
        if (answered.inputTokens() != null) {
            data.put("input_tokens", answered.inputTokens());
            data.put("cached_input_tokens", answered.cachedTokens());
        }
        if (answered.outputTokens() != null) {
            data.put("output_tokens", answered.outputTokens());
        }
        if (answered.reasoningTokens() != null) {
            data.put("reasoning_tokens", answered.reasoningTokens());
        }
        if (answered.timeToFirstToken() != null) {
            data.put("time_to_first_token_ms", ResultJson.milliseconds(answered.timeToFirstToken()));
        }
        if (answered.tokensPerSecond() != null) {
            data.put(
                    "tokens_per_second",
                    BigDecimal.valueOf(answered.tokensPerSecond()).setScale(1, RoundingMode.HALF_UP));
        }
        data.put("waited_ms", ResultJson.milliseconds(answered.waited()));
        data.put("execution_ms", ResultJson.milliseconds(answered.elapsed()));
        return data;
    }

    private ObjectNode partial() {
        var data = ResultJson.object().put("model", model.id());
        answer.showIn(data);
        return data;
    }

    /** The time that was observed has in it what does not count, such as loading. */
    private ObjectNode timedOut(Duration limit) {
        var data = partial();
        var observed = Duration.ofNanos(System.nanoTime() - started);
        var hit = limit.equals(model.longest())
                ? Optional.of(LimitHit.executionTime(limit, observed))
                : invocation.timeLimitHit(limit, observed);
        ResultJson.limitsHit(data, hit.stream().toList());
        return data;
    }

    Outcome failed(Throwable failure) {
        return switch (failure) {
            case EngineException error -> new Outcome.Failed(type(error), ResultJson.message(error), data(error));
            case FenceException error -> ResultJson.failed(error);
            default -> ResultJson.internal(invocation.jobId(), failure, partial());
        };
    }

    private static String type(EngineException error) {
        return switch (error) {
            case EngineException.EngineMissing _ -> "engine-missing";
            case EngineException.ModelFileMissing _ -> "model-file-not-found";
            case EngineException.ModelFileInvalid _ -> "model-file-invalid";
            case EngineException.ChecksumMismatch _ -> "model-checksum-mismatch";
            case EngineException.TooLarge _ -> "model-too-large";
            case EngineException.RemoteUnavailable _ -> "remote-unavailable";
            case EngineException.RemoteDenied _ -> "remote-denied";
            case EngineException.RemoteNotFound _ -> "remote-not-found";
            case EngineException.Down down when !down.limitsHit().isEmpty() -> "resource-limit-exceeded";
            case EngineException.LoadFailed _ -> "model-load-failed";
            case EngineException.Crashed _ -> "engine-crashed";
            case EngineException.PromptTooLong _ -> "prompt-too-long";
            case EngineException.InvalidRequest _ -> "invalid-request";
            case EngineException.Saturated _ -> "saturated";
            case EngineException.TooManyVectors _ -> "too-many-vectors";
            case EngineException.Misbehaved _ -> "engine-misbehaved";
            case EngineException.Closed _ -> "shutting-down";
        };
    }

    private ObjectNode data(EngineException error) {
        var data = partial();
        switch (error) {
            case EngineException.Down down -> {
                if (!down.log().isEmpty()) {
                    data.put("engine_log", down.log());
                }
                data.put("retry_after_ms", ResultJson.milliseconds(down.retryAfter()));
                ResultJson.limitsHit(data, down.limitsHit());
            }
            case EngineException.PromptTooLong tooLong ->
                data.put("prompt_tokens", tooLong.tokens()).put("context_tokens", tooLong.limit());
            case EngineException.Saturated saturated ->
                data.put("retry_after_ms", ResultJson.milliseconds(saturated.retryAfter()))
                        .put("queue_position", saturated.position());
            case EngineException.InvalidRequest invalid ->
                invalid.parameter().ifPresent(parameter -> data.put("parameter", parameter));
            case EngineException.ChecksumMismatch mismatch ->
                data.put("expected_sha256", mismatch.expected()).put("actual_sha256", mismatch.actual());
            case EngineException.EngineMissing _,
                    EngineException.ModelFileMissing _,
                    EngineException.ModelFileInvalid _,
                    EngineException.TooLarge _,
                    EngineException.RemoteUnavailable _,
                    EngineException.RemoteDenied _,
                    EngineException.RemoteNotFound _,
                    EngineException.TooManyVectors _,
                    EngineException.Misbehaved _,
                    EngineException.Closed _ -> {
                // The message says it all.
            }
        }
        return data;
    }
}
