package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.job.JobNews;
import io.smallrye.common.annotation.Blocking;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.sse.OutboundSseEvent;
import jakarta.ws.rs.sse.Sse;
import java.time.Duration;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** What happens to a job, as it happens. */
@Path("/api/v1/jobs/{id}/events")
@Blocking
@Tag(name = "jobs")
public class EventsResource {
    private final ServiceGate gate;
    private final EventFeed feed;

    EventsResource(ServiceGate gate, EventFeed feed) {
        this.gate = gate;
        this.feed = feed;
    }

    @GET
    @Produces(MediaType.SERVER_SENT_EVENTS)
    @Operation(
            summary = "Watch a job",
            description = "The job's events from the start, or after the one named by `Last-Event-ID` or `after`, up to"
                    + " its end. While nothing happens, a comment comes every `ringfence.http.heartbeat`. A reader that"
                    + " takes nothing for `ringfence.http.stall-limit` is cut off; it goes on with `Last-Event-ID`,"
                    + " without a gap or a repeated event, also after a restart of the service: an event `dropped` tells of"
                    + " output that is gone, because it is beyond `ringfence.jobs.event-buffer` or from before a restart."
                    + " Hanging up has no effect on the job.\n\nWith `Accept: application/json` the answer is those events that there"
                    + " are, at most `limit`, as `events`; `next` is what to give as `after` for what follows, and"
                    + " `ended` tells that nothing does. With `Prefer: wait=N` it waits up to N seconds for one.")
    public Multi<OutboundSseEvent> events(
            @PathParam("id") String id,
            @QueryParam("after") @Nullable String after,
            @HeaderParam("Last-Event-ID") @Nullable String lastEventId,
            @Context Sse sse,
            @Context RoutingContext connection) {
        return feed.of(gate.job(id), from(after, lastEventId), sse, connection);
    }

    @GET
    @Produces(MediaType.APPLICATION_JSON + ";qs=0.5")
    @Operation(hidden = true)
    public Uni<Response> page(
            @PathParam("id") String id,
            @QueryParam("after") @Nullable String after,
            @QueryParam("limit") @DefaultValue("100") String limit,
            @HeaderParam("Prefer") List<String> prefer) {
        long from = from(after, null);
        return gate.job(id)
                .news(
                        from,
                        Parameters.number("limit", limit, 1, 1000),
                        Prefer.wait(prefer).orElse(Duration.ofMillis(1)))
                .map(news -> Response.ok(page(from, news)).build());
    }

    private static ObjectNode page(long from, List<JobNews> news) {
        var json = JsonNodeFactory.instance.objectNode();
        var array = json.putArray("events");
        news.forEach(item -> array.add(JobJson.of(item).put("event", JobJson.name(item))));
        boolean none = news.isEmpty();
        return json.put("next", Long.toString(none ? from : news.getLast().sequence()))
                .put("ended", !none && news.getLast().last());
    }

    private static long from(@Nullable String after, @Nullable String lastEventId) {
        String from = after != null ? after : lastEventId != null ? lastEventId : "0";
        return Parameters.sequence(after != null ? "after" : "Last-Event-ID", from)
                .orElse(0);
    }
}
