package dev.ringfence.api.rest.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.RingfenceConfig;
import dev.ringfence.api.job.Attendance;
import dev.ringfence.api.job.Job;
import dev.ringfence.api.job.JobView;
import dev.ringfence.api.job.Jobs;
import dev.ringfence.api.job.Kept;
import dev.ringfence.api.job.Submission;
import dev.ringfence.runner.capability.AskModel;
import dev.ringfence.runner.engine.GenerationEvent;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jboss.resteasy.reactive.RestMulti;

/** Makes a job of a request, and an answer of the job. The job is cancelled when the client goes away. */
@Singleton
class ModelCalls {
    private static final int MOST_NAMED = 20;
    private static final int LONGEST_NAME = 120;

    private final Duration deadline;
    private final Kept kept;

    ModelCalls(RingfenceConfig config) {
        this.deadline = config.openai().deadline();
        this.kept = switch (config.journal().prompts()) {
            case FULL -> Kept.ALL;
            case HASH -> new Digests();
        };
    }

    /**
     * What is asked.
     *
     * @param by the credential that was used, if one was
     * @param ignored parameters that had no effect
     * @param params what the client calls a parameter of the operation
     */
    record Call(
            String agent,
            Optional<String> by,
            Operation operation,
            ObjectNode arguments,
            List<String> ignored,
            UnaryOperator<String> params) {}

    /** An answer whose head can be sent. */
    private record Opened(Job job, Multi<String> body) {}

    RestMulti<byte[]> answer(Jobs jobs, Call call, Answer answer) {
        var opened = Uni.createFrom().deferred(() -> {
            var line = new Line();
            return jobs.submit(submission(call, line), line::connect)
                    .flatMap(job -> answer instanceof StreamedAnswer streamed
                            ? streamed(job, line, call, streamed)
                            : whole(job, line, call, answer))
                    // Nobody reads any more, so the job must not wait for a reader.
                    .onFailure()
                    .invoke(line::hangUp)
                    .onCancellation()
                    .invoke(line::hangUp);
        });
        return RestMulti.fromUniResponse(
                opened,
                open -> open.body().filter(text -> !text.isEmpty()).map(text -> text.getBytes(StandardCharsets.UTF_8)),
                open -> headers(open.job(), call, answer));
    }

    private Submission submission(Call call, Line line) {
        return Submission.of(call.agent(), AskModel.name(call.operation()), call.arguments())
                .deadline(Optional.of(deadline))
                .attendedBy(new Attendance(line, kept))
                .by(call.by())
                .build();
    }

    /** Begins with the first piece, so that what goes wrong before is an error with its own status. */
    private static Uni<Opened> streamed(Job job, Line line, Call call, StreamedAnswer answer) {
        return line.next().flatMap(first -> {
            if (first.isEmpty()) {
                return job.ended()
                        .map(end -> new Opened(job, Multi.createFrom().item(answer.ended(completed(end, line, call)))));
            }
            var body = Multi.createBy()
                    .concatenating()
                    .streams(
                            Multi.createFrom().item(first).map(some -> text(answer, some)),
                            line.events().map(some -> text(answer, some)),
                            Multi.createFrom().uni(job.ended().map(end -> last(end, line, call, answer))))
                    .onFailure()
                    .invoke(line::hangUp)
                    .onCancellation()
                    .invoke(line::hangUp);
            return Uni.createFrom().item(new Opened(job, body));
        });
    }

    private static String text(Answer answer, List<GenerationEvent> events) {
        var text = new StringBuilder();
        events.forEach(event -> text.append(answer.heard(event)));
        return text.toString();
    }

    private static Uni<Opened> whole(Job job, Line line, Call call, Answer answer) {
        return line.events()
                .onItem()
                .invoke(some -> {
                    var _ = text(answer, some);
                })
                .collect()
                .last()
                .flatMap(_ -> job.ended())
                .map(end -> new Opened(job, Multi.createFrom().item(answer.ended(completed(end, line, call)))));
    }

    private static JsonNode completed(JobView end, Line line, Call call) {
        var result = end.result();
        if (end.state() != JobView.State.COMPLETED || result == null) {
            throw new RequestFailed(OpenAiError.of(end, line.failure(), call), Optional.of(end.id()));
        }
        return result;
    }

    private static String last(JobView end, Line line, Call call, StreamedAnswer answer) {
        try {
            return answer.ended(completed(end, line, call));
        } catch (RequestFailed e) {
            return answer.failed(e.error());
        }
    }

    private static Map<String, List<String>> headers(Job job, Call call, Answer answer) {
        var headers = new HashMap<String, List<String>>();
        headers.put("Content-Type", List.of(answer.mediaType()));
        headers.put("X-Job-Id", List.of(job.id()));
        headers.put("X-Request-Id", List.of(job.id()));
        headers.put("Cache-Control", List.of("no-cache"));
        if (!call.ignored().isEmpty()) {
            headers.put("X-Ringfence-Ignored", List.of(named(call.ignored())));
        }
        return headers;
    }

    /** As a header can have them, which takes no control characters and is bounded; clients choose these names. */
    static String named(List<String> parameters) {
        var names =
                parameters.stream().limit(MOST_NAMED).map(ModelCalls::printable).collect(Collectors.joining(", "));
        int more = parameters.size() - MOST_NAMED;
        return more > 0 ? names + " and " + more + " more" : names;
    }

    private static String printable(String name) {
        var printable = new StringBuilder();
        name.chars()
                .limit(LONGEST_NAME)
                .forEach(c -> printable.append(c > ' ' && c < 0x7F && c != ',' ? (char) c : '?'));
        return printable.toString();
    }
}
