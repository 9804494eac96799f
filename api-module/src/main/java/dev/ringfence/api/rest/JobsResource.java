package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.job.Job;
import dev.ringfence.api.job.Submission;
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
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.sse.OutboundSseEvent;
import jakarta.ws.rs.sse.Sse;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.ParameterIn;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Jobs over HTTP. */
@Path("/api/v1/jobs")
@Tag(name = "jobs")
public class JobsResource {
    private static final String GONE = "the client that was streaming it went away";

    private final ServiceGate gate;
    private final EventFeed feed;
    private final Audit audit;

    JobsResource(ServiceGate gate, EventFeed feed, Audit audit) {
        this.audit = audit;
        this.gate = gate;
        this.feed = feed;
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
                    + " cancelled. One that stalls is cut off, and the job goes on: its events can be read from"
                    + " the last one on. The same `Idempotency-Key` with the same request gives the same job, also after a"
                    + " restart and when there is no room for more, as long as the journal keeps it. With"
                    + " `dry_run=true` nothing is submitted: the answer says exactly what the job would do, or why it"
                    + " would fail.")
    @Parameter(
            name = IdempotencyKey.HEADER,
            in = ParameterIn.HEADER,
            description = IdempotencyKey.MEANS,
            schema = @Schema(implementation = String.class, minLength = 1, maxLength = IdempotencyKey.LONGEST))
    public Uni<Response> submit(
            @RequestBody(content = @Content(schema = @Schema(implementation = SubmitRequest.class))) InputStream body,
            @QueryParam("dry_run") @DefaultValue("false") String dryRun,
            @Parameter(description = Prefer.MEANS) @HeaderParam("Prefer") List<String> prefer,
            @Context HttpHeaders headers) {
        var submission = SubmitRequest.parse(JsonBody.read(body)).submission(gate.caller(), IdempotencyKey.of(headers));
        if (Parameters.flag("dry_run", dryRun)) {
            var outcome = gate.service().jobs().rehearse(submission);
            return Uni.createFrom()
                    .item(Response.ok(JobJson.dryRun(submission, outcome)).build());
        }
        return gate.service().jobs().submit(submission).flatMap(job -> answer(job, Prefer.wait(prefer)));
    }

    @POST
    @Blocking
    @Consumes(MediaType.APPLICATION_JSON)
    @Produces(MediaType.SERVER_SENT_EVENTS)
    @Operation(hidden = true)
    public Multi<OutboundSseEvent> submitAndStream(
            InputStream body,
            @QueryParam("dry_run") @DefaultValue("false") String dryRun,
            @Context HttpHeaders headers,
            @Context Sse sse,
            @Context RoutingContext connection) {
        if (Parameters.flag("dry_run", dryRun)) {
            throw Parameters.bad("dry_run", "there is nothing to stream; ask for application/json");
        }
        var submission = SubmitRequest.parse(JsonBody.read(body)).submission(gate.caller(), IdempotencyKey.of(headers));
        // Waited for, since a stream that has begun can no longer be answered with a problem.
        var hold = gate.service().jobs().submitHeld(submission).await().indefinitely();
        // The client may have gone while it waited; then nobody will ever ask for the stream.
        connection.addEndHandler(_ -> hold.release(GONE));
        if (connection.response().closed()) {
            hold.release(GONE);
        }
        return feed.of(hold.job(), 0, sse, connection).onCancellation().invoke(() -> hold.release(GONE));
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
        var query = new JobQuery(
                caller.admin() ? agent : caller.actingAs(Optional.ofNullable(agent), "agent"),
                session,
                Parameters.state(state),
                capability,
                Parameters.instant("since", since),
                Parameters.instant("until", until));
        var page = gate.service()
                .jobs()
                .list(query, Parameters.sequence("before", before), Parameters.number("limit", limit, 1, 1000));
        return Response.ok(JobJson.of(page)).build();
    }

    @GET
    @Blocking
    @Path("/{id}")
    @Produces(MediaType.APPLICATION_JSON)
    @Operation(
            summary = "Look at a job",
            description = "With `Prefer: wait=N` it waits up to N seconds for the job's end.")
    public Uni<Response> get(
            @PathParam("id") String id,
            @Parameter(description = Prefer.MEANS) @HeaderParam("Prefer") List<String> prefer) {
        var job = gate.job(id);
        var wait = Prefer.wait(prefer);
        return wait.isEmpty()
                ? Uni.createFrom().item(ok(job))
                : ended(job, wait.get()).replaceWith(() -> ok(job));
    }

    @GET
    @Blocking
    @Path("/{id}/output/{channel}")
    @APIResponse(responseCode = "200", content = @Content(mediaType = MediaType.APPLICATION_OCTET_STREAM))
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
        var output = JobOutput.of(
                gate.job(id).view(), channel, gate.service().journal().blobs());
        return OutputAnswer.of(output, range, known);
    }

    @POST
    @Blocking
    @Path("/{id}/retry")
    @Produces(MediaType.APPLICATION_JSON)
    @Operation(
            summary = "Submit a job's request once more",
            description = "For a job that is interrupted, failed, timed_out or cancelled. The answer is that of a"
                    + " submission: a new job, whose `retry_of` names the old one; the old one stays as it is. What an"
                    + " interrupted job had done is not known, so look before you retry. With an `Idempotency-Key` a"
                    + " repeated call gives the same new job. 409 when the job has not ended, has completed, or"
                    + " only hashes of its arguments were kept.")
    @Parameter(
            name = IdempotencyKey.HEADER,
            in = ParameterIn.HEADER,
            description = IdempotencyKey.MEANS,
            schema = @Schema(implementation = String.class, minLength = 1, maxLength = IdempotencyKey.LONGEST))
    public Uni<Response> retry(
            @PathParam("id") String id,
            @Parameter(description = Prefer.MEANS) @HeaderParam("Prefer") List<String> prefer,
            @Context HttpHeaders headers) {
        var submission = Submission.repeating(
                gate.job(id).view(), IdempotencyKey.of(headers), gate.caller().credential());
        return gate.service().jobs().submit(submission).flatMap(job -> answer(job, Prefer.wait(prefer)));
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
        var job = gate.job(id);
        if (job.cancel("cancelled by request")) {
            audit.done("job_cancelled", job.agent(), job.id());
        }
        return job.ended().map(_ -> ok(job));
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
        job.soonerLimit().ifPresent(limit -> json.put("time_limit_ms", limit.toMillis()));
        return json;
    }
}
