package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.session.Session;
import io.smallrye.common.annotation.Blocking;
import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriBuilder;
import java.io.InputStream;
import java.net.URI;
import java.util.ArrayList;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Sessions over HTTP. An agent sees its own only. */
@Path("/api/v1/sessions")
@Blocking
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "sessions")
public class SessionsResource {
    private static final String WHOSE =
            "Whose session it is, for administrators; the caller's own agent without it, or \"anonymous\" while no key"
                    + " exists";
    private static final String ONE = """
            {"id": "release-42", "agent": "builder", "state": "open", "created_at": "2026-03-01T09:00:00Z",
             "jobs": "/api/v1/sessions/release-42/jobs"}""";

    private final ServiceGate gate;
    private final Audit audit;

    SessionsResource(ServiceGate gate, Audit audit) {
        this.audit = audit;
        this.gate = gate;
    }

    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    @Operation(
            summary = "Make a session",
            description =
                    "A job that names a session which its agent does not have makes it, too. Answers 409 when there"
                            + " is one of that name.")
    @APIResponse(
            responseCode = "201",
            description = "It is durable",
            content =
                    @Content(
                            mediaType = MediaType.APPLICATION_JSON,
                            examples = @ExampleObject(name = "made", value = ONE)))
    public Uni<Response> create(
            @RequestBody(
                            description =
                                    "`id` is a name of your own, up to 200 characters without `/`; made up without"
                                            + " it. `agent` is for administrators",
                            content =
                                    @Content(
                                            schema = @Schema(ref = "CreateSession"),
                                            examples =
                                                    @ExampleObject(name = "named", value = "{\"id\": \"release-42\"}")))
                    InputStream body) {
        var json = JsonBody.read(body);
        var errors = new ArrayList<String>();
        for (var field : json.properties()) {
            if (!Set.of("id", "agent").contains(field.getKey())) {
                errors.add("/" + field.getKey() + ": there is no such field; there are [agent, id]");
            }
        }
        var id = SubmitRequest.session(json, "id", errors);
        var agent = SubmitRequest.text(json, "agent", errors);
        if (!errors.isEmpty()) {
            throw new BadRequest("invalid-request", errors);
        }
        return gate.service()
                .sessions()
                .create(agent(agent.orElse(null)), id)
                .map(session ->
                        Response.created(address(session)).entity(json(session)).build());
    }

    @GET
    @Operation(
            summary = "List sessions, newest first",
            description =
                    "The caller's own; all agents' for an administrator who names none. `next` in the answer is what"
                            + " to ask for as `before`.")
    @APIResponse(
            responseCode = "200",
            description = "Some of them",
            content =
                    @Content(
                            mediaType = MediaType.APPLICATION_JSON,
                            examples = @ExampleObject(name = "one", value = "{\"sessions\": [" + ONE + "]}")))
    public Response list(
            @QueryParam("limit") @DefaultValue("100") String limit,
            @QueryParam("before") @Nullable String before,
            @Parameter(description = WHOSE) @QueryParam("agent") @Nullable String agent,
            @Parameter(description = "`open` or `closed`; both without it") @QueryParam("state") @Nullable String state) {
        var caller = gate.caller();
        var whose = agent == null && caller.admin() ? null : agent(agent);
        Predicate<Session> own = session -> whose == null || session.agent().equals(whose);
        var page = gate.service()
                .sessions()
                .list(
                        own.and(inState(state)),
                        Parameters.sequence("before", before),
                        Parameters.number("limit", limit, 1, 1000));
        var json = JsonNodeFactory.instance.objectNode();
        var array = json.putArray("sessions");
        page.sessions().forEach(session -> array.add(json(session)));
        page.next().ifPresent(next -> json.put("next", Long.toString(next)));
        return Response.ok(json).build();
    }

    @GET
    @Path("/{id}")
    @Operation(summary = "Look at a session")
    public Response get(
            @PathParam("id") String id, @Parameter(description = WHOSE) @QueryParam("agent") @Nullable String agent) {
        return Response.ok(json(find(id, agent))).build();
    }

    @GET
    @Path("/{id}/jobs")
    @Operation(summary = "List a session's jobs, newest first", description = "As GET /api/v1/jobs does.")
    public Response jobs(
            @PathParam("id") String id,
            @Parameter(description = WHOSE) @QueryParam("agent") @Nullable String agent,
            @QueryParam("limit") @DefaultValue("100") String limit,
            @QueryParam("before") @Nullable String before,
            @QueryParam("state") @Nullable String state,
            @QueryParam("capability") @Nullable String capability) {
        var session = find(id, agent);
        var query = session.jobs(Parameters.state(state), capability);
        var page = gate.service()
                .jobs()
                .list(query, Parameters.sequence("before", before), Parameters.number("limit", limit, 1, 1000));
        return Response.ok(JobJson.of(page)).build();
    }

    @POST
    @Path("/{id}/close")
    @Operation(
            summary = "Close a session",
            description = "It takes no more jobs; those that are in it go on. A closed session stays as it is.")
    public Uni<Response> close(
            @PathParam("id") String id, @Parameter(description = WHOSE) @QueryParam("agent") @Nullable String agent) {
        return gate.service()
                .sessions()
                .close(agent(agent), id)
                .map(session -> Response.ok(json(session)).build());
    }

    @DELETE
    @Path("/{id}")
    @Operation(
            summary = "Delete a session",
            description =
                    "Closes it, cancels its jobs that have not ended, deletes the files that its jobs left and its"
                            + " workspace, and forgets it. Answers when all of that is done. The jobs can still be looked at: the"
                            + " journal keeps what happened.")
    @APIResponse(
            responseCode = "200",
            description = "It is gone",
            content =
                    @Content(
                            mediaType = MediaType.APPLICATION_JSON,
                            examples =
                                    @ExampleObject(
                                            name = "deleted",
                                            value =
                                                    "{\"id\": \"release-42\", \"agent\": \"builder\", \"deleted\": true,"
                                                            + " \"cancelled_jobs\": []}")))
    public Response delete(
            @PathParam("id") String id, @Parameter(description = WHOSE) @QueryParam("agent") @Nullable String agent) {
        var service = gate.service();
        var whose = agent(agent);
        var cancelled = service.sessions().delete(whose, id, service.jobs(), service.jobFiles());
        audit.done("session_deleted", whose, id);
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("id", id)
                .put("agent", whose)
                .put("deleted", true);
        var array = json.putArray("cancelled_jobs");
        cancelled.forEach(array::add);
        return Response.ok(json).build();
    }

    private Session find(String id, @Nullable String agent) {
        return gate.service().sessions().find(agent(agent), id);
    }

    /** Whose sessions the caller speaks of. */
    private String agent(@Nullable String named) {
        return gate.caller().actingAs(Optional.ofNullable(named), "agent");
    }

    private static Predicate<Session> inState(@Nullable String state) {
        return switch (state) {
            case null -> session -> true;
            case "open" -> Session::open;
            case "closed" -> session -> !session.open();
            default -> throw Parameters.bad("state", "it must be one of [open, closed], not " + state);
        };
    }

    private static URI address(Session session) {
        return UriBuilder.fromPath("/api/v1/sessions/{id}").build(session.id());
    }

    private static ObjectNode json(Session session) {
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("id", session.id())
                .put("agent", session.agent())
                .put("state", session.open() ? "open" : "closed")
                .put("created_at", session.createdAt().toString());
        session.closedAt().ifPresent(at -> json.put("closed_at", at.toString()));
        return json.put("jobs", address(session) + "/jobs");
    }
}
