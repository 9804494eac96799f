package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.access.AccessException;
import dev.ringfence.api.job.Job;
import dev.ringfence.api.job.JobSignal;
import dev.ringfence.wal.journal.JobQuery;
import io.smallrye.common.annotation.Blocking;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.TimeoutException;
import io.smallrye.mutiny.Uni;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.sse.OutboundSseEvent;
import jakarta.ws.rs.sse.Sse;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Jobs over HTTP. */
@Path("/api/v1/jobs")
@Tag(name = "jobs")
public class JobsResource {
    private static final Pattern WAIT = Pattern.compile("(?:^|[,;\\s])wait=(\\d{1,6})(?:$|[,;\\s])");
    private static final int LONGEST_WAIT_SECONDS = 600;
    private static final int LONGEST_KEY = 255;
    private static final String GONE = "the client that was streaming it went away";

    private final ServiceGate gate;

    JobsResource(ServiceGate gate) {
        this.gate = gate;
    }

    @POST
    @Blocking
    @Consumes(MediaType.APPLICATION_JSON)
    @Produces(MediaType.APPLICATION_JSON)
    @Operation(
            summary = "Submit a job",
            description = "Answers 202 with the job's address once the submission is durable. With `Prefer: wait=N` it"
                    + " waits up to N seconds for the end and answers 200. With `Accept: text/event-stream` the answer"
                    + " is the job's events as they come; when all clients that submitted it so have hung up, it is"
                    + " cancelled. The same `Idempotency-Key` with the same request gives the same job, also after a"
                    + " restart and when there is no room for more, as long as the journal keeps it. With"
                    + " `dry_run=true` nothing is submitted: the answer says exactly what the job would do, or why it"
                    + " would fail.")
    public Uni<Response> submit(
            @RequestBody(content = @Content(schema = @Schema(implementation = SubmitRequest.class))) InputStream body,
            @QueryParam("dry_run") @DefaultValue("false") String dryRun,
            @HeaderParam("Prefer") List<String> prefer,
            @HeaderParam("Idempotency-Key") @Nullable String key) {
        var submission = SubmitRequest.parse(BodyLimit.read(body)).submission(gate.caller(), key(key));
        if (dryRun(dryRun)) {
            var outcome = gate.service().jobs().rehearse(submission);
            return Uni.createFrom()
                    .item(Response.ok(JobJson.dryRun(submission, outcome)).build());
        }
        return gate.service().jobs().submit(submission).flatMap(job -> answer(job, wait(prefer)));
    }

    @POST
    @Blocking
    @Consumes(MediaType.APPLICATION_JSON)
    @Produces(MediaType.SERVER_SENT_EVENTS)
    @Operation(hidden = true)
    public Multi<OutboundSseEvent> submitAndStream(
            InputStream body,
            @QueryParam("dry_run") @DefaultValue("false") String dryRun,
            @HeaderParam("Idempotency-Key") @Nullable String key,
            @Context Sse sse,
            @Context RoutingContext connection) {
        if (dryRun(dryRun)) {
            throw new BadRequest(
                    "invalid-request", List.of("dry_run: there is nothing to stream; ask for application/json"));
        }
        var submission = SubmitRequest.parse(BodyLimit.read(body)).submission(gate.caller(), key(key));
        // Waited for, since a stream that has begun can no longer be answered with a problem.
        var hold = gate.service().jobs().submitHeld(submission).await().indefinitely();
        // The client may have gone while it waited; then nobody will ever ask for the stream.
        connection.addEndHandler(_ -> hold.release(GONE));
        if (connection.response().closed()) {
            hold.release(GONE);
        }
        return hold.job()
                .signals(0)
                .onCancellation()
                .invoke(() -> hold.release(GONE))
                .map(signal -> event(sse, signal));
    }

    @GET
    @Blocking
    @Produces(MediaType.APPLICATION_JSON)
    @Operation(
            summary = "List jobs, newest first",
            description = "All conditions must hold. When there are more, `next` in the answer is what to ask for as"
                    + " `before`; a page may be short, even empty, and still have a next one.")
    public Response list(
            @QueryParam("limit") @DefaultValue("100") String limit,
            @QueryParam("before") @Nullable String before,
            @QueryParam("agent") @Nullable String agent,
            @QueryParam("session") @Nullable String session,
            @QueryParam("state") @Nullable String state,
            @QueryParam("capability") @Nullable String capability,
            @QueryParam("since") @Nullable String since,
            @QueryParam("until") @Nullable String until) {
        var caller = gate.caller();
        if (agent != null && !caller.maySee(agent)) {
            throw new AccessException.Forbidden("agent is \"" + agent + "\", and the key is another agent's");
        }
        var query = new JobQuery(
                caller.admin() ? agent : caller.agent().orElse(""),
                session,
                Parameters.state(state),
                capability,
                Parameters.instant("since", since),
                Parameters.instant("until", until));
        var page = gate.service()
                .jobs()
                .list(query, Parameters.sequence("before", before), Parameters.number("limit", limit, 1, 1000));
        var json = JsonNodeFactory.instance.objectNode();
        var array = json.putArray("jobs");
        page.jobs().forEach(job -> array.add(JobJson.summary(job)));
        page.next().ifPresent(next -> json.put("next", Long.toString(next)));
        return Response.ok(json).build();
    }

    @GET
    @Blocking
    @Path("/{id}")
    @Produces(MediaType.APPLICATION_JSON)
    @Operation(
            summary = "Look at a job",
            description = "With `Prefer: wait=N` it waits up to N seconds for the job's end.")
    public Uni<Response> get(@PathParam("id") String id, @HeaderParam("Prefer") List<String> prefer) {
        var job = find(id);
        var wait = wait(prefer);
        return wait.isEmpty()
                ? Uni.createFrom().item(ok(job))
                : ended(job, wait.get()).replaceWith(() -> ok(job));
    }

    @GET
    @Blocking
    @Path("/{id}/output/{channel}")
    @Operation(
            summary = "What a job put out, all of it",
            description =
                    "The bytes of `stdout` or `stderr` as they were kept, from an ended job. With `Range: bytes=…` a"
                            + " part of them.")
    public Response output(
            @PathParam("id") String id,
            @PathParam("channel") String channel,
            @HeaderParam("Range") @Nullable String range,
            @HeaderParam("If-None-Match") @Nullable String known) {
        var output =
                JobOutput.of(find(id).view(), channel, gate.service().journal().blobs());
        return OutputAnswer.of(output, range, known);
    }

    @GET
    @Blocking
    @Path("/{id}/events")
    @Produces(MediaType.SERVER_SENT_EVENTS)
    @Operation(
            summary = "Watch a job",
            description = "The job's events from the start, or after the one named by `Last-Event-ID` or `after`, up to"
                    + " its end. Hanging up has no effect on the job.")
    public Multi<OutboundSseEvent> events(
            @PathParam("id") String id,
            @QueryParam("after") @Nullable String after,
            @HeaderParam("Last-Event-ID") @Nullable String lastEventId,
            @Context Sse sse) {
        String from = after != null ? after : lastEventId != null ? lastEventId : "0";
        return find(id).signals(
                        Parameters.number(after != null ? "after" : "Last-Event-ID", from, 0, Integer.MAX_VALUE))
                .map(signal -> event(sse, signal));
    }

    @DELETE
    @Blocking
    @Path("/{id}")
    @Produces(MediaType.APPLICATION_JSON)
    @Operation(
            summary = "Cancel a job",
            description = "Answers when nothing of the job's work is left and the end is durable. A job that has ended"
                    + " already is left as it is.")
    public Uni<Response> cancel(@PathParam("id") String id) {
        var job = find(id);
        job.cancel("cancelled by request");
        return job.ended().map(_ -> ok(job));
    }

    /** Another agent's job is answered like one that does not exist: not even that is told. */
    private Job find(String id) {
        var caller = gate.caller();
        return gate.service()
                .jobs()
                .find(id)
                .filter(job -> caller.maySee(job.agent()))
                .orElseThrow(() -> new UnknownJob(id));
    }

    private static Uni<Response> answer(Job job, Optional<Duration> wait) {
        return wait.isEmpty()
                ? Uni.createFrom().item(accepted(job))
                : ended(job, wait.get())
                        // What was acknowledged is said to be so, also when its end cannot be told.
                        .onFailure()
                        .recoverWithItem(false)
                        .map(inTime -> inTime ? withLocation(Response.ok(body(job)), job) : accepted(job));
    }

    /** Whether the job ended in time. */
    private static Uni<Boolean> ended(Job job, Duration wait) {
        return job.ended()
                .replaceWith(true)
                .ifNoItem()
                .after(wait)
                .fail()
                .onFailure(TimeoutException.class)
                .recoverWithItem(false);
    }

    private static Response ok(Job job) {
        return Response.ok(body(job)).build();
    }

    private static Response accepted(Job job) {
        return withLocation(Response.accepted(body(job)), job);
    }

    private static Response withLocation(Response.ResponseBuilder response, Job job) {
        return response.location(URI.create("/api/v1/jobs/" + job.id())).build();
    }

    private static ObjectNode body(Job job) {
        var json = JobJson.of(job.view());
        job.queuePosition().ifPresent(position -> json.put("queue_position", position));
        return json;
    }

    private static OutboundSseEvent event(Sse sse, JobSignal signal) {
        return sse.newEventBuilder()
                .id(Long.toString(signal.sequence()))
                .name(JobJson.name(signal))
                .data(String.class, JobJson.of(signal).toString())
                .build();
    }

    private static Optional<Duration> wait(List<String> prefer) {
        for (var value : prefer) {
            var found = WAIT.matcher(value);
            if (found.find()) {
                // A preference, not a demand: a longer one is cut, as RFC 7240 allows.
                return Optional.of(
                        Duration.ofSeconds(Math.min(Integer.parseInt(found.group(1)), LONGEST_WAIT_SECONDS)));
            }
        }
        return Optional.empty();
    }

    /** Nothing else than the two words: a misspelt one must not run the job. */
    private static boolean dryRun(String value) {
        return switch (value) {
            case "true" -> true;
            case "false" -> false;
            default ->
                throw new BadRequest("invalid-request", List.of("dry_run: it must be true or false, not " + value));
        };
    }

    private static Optional<String> key(@Nullable String key) {
        if (key != null && (key.isBlank() || key.length() > LONGEST_KEY)) {
            throw new BadRequest(
                    "invalid-request",
                    List.of("Idempotency-Key: it must have 1 to " + LONGEST_KEY + " characters, and has "
                            + key.length()));
        }
        return Optional.ofNullable(key);
    }
}
