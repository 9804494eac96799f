package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.api.journal.EventFilter;
import io.smallrye.common.annotation.Blocking;
import io.smallrye.mutiny.Multi;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestMulti;
import org.jspecify.annotations.Nullable;

/** The journal over HTTP, for administrators. It is read from the disk in pieces, each only when the client has taken the one before. */
@Admin
@Blocking
@Path("/api/v1/journal")
@Tag(name = "journal")
public class JournalResource {
    /** A JSON object a line. */
    static final String LINES = "application/jsonl";

    private final ServiceGate gate;
    private final JournalReading reading;

    JournalResource(ServiceGate gate, JournalReading reading) {
        this.gate = gate;
        this.reading = reading;
    }

    @GET
    @Path("/events")
    @Produces(LINES)
    @APIResponse(responseCode = "200", content = @Content(mediaType = LINES, schema = @Schema(ref = "JournalEvent")))
    @Operation(
            summary = "Read the journal, a JSON object a line",
            description =
                    "All events that are kept, the oldest first, or those from `from` on; all conditions must hold."
                            + " It ends with the newest event; what follows can be read from the number after the last one's"
                            + " `seq`. A `from` of 0 is the oldest event that is kept; another one that is not kept any more"
                            + " is refused with 410. Where the journal is damaged, the events before the damage come first, and"
                            + " then a line whose `problem` says which file it is, and where; 500 with that problem if there"
                            + " are none before it.")
    public Multi<byte[]> events(
            @QueryParam("from") @Nullable String from,
            @QueryParam("job") @Nullable String job,
            @QueryParam("agent") @Nullable String agent,
            @QueryParam("session") @Nullable String session,
            @QueryParam("type")
                    @Parameter(description = "Types of events; several of them by commas, or by repeating it.")
                    List<String> type,
            @QueryParam("since") @Nullable String since,
            @QueryParam("until") @Nullable String until) {
        var types =
                type.stream().flatMap(some -> Stream.of(some.split(",", -1))).collect(Collectors.toUnmodifiableSet());
        EventFilter.problem(types).ifPresent(problem -> {
            throw Parameters.bad("type", problem);
        });
        var journal = gate.service().journal();
        var filter = new EventFilter(
                job,
                agent,
                session,
                types,
                Parameters.instant("since", since),
                Parameters.instant("until", until),
                journal::summary);
        var first = Parameters.sequence("from", from).orElse(0);
        return lines(reading.events(journal, first, filter));
    }

    @GET
    @Path("/verify")
    @Produces(LINES)
    @APIResponse(responseCode = "200", content = @Content(mediaType = LINES, schema = @Schema(ref = "JournalVerdict")))
    @Operation(
            summary = "Prove the whole journal",
            description = "Lines with how far it has come, then one that says whether every event and every output is"
                    + " what was written, or which is the first that is not, and whether the logs of sessions and untold"
                    + " webhooks are. Hanging up ends it. One such proof, or counting, at a time.")
    public Multi<byte[]> verify() {
        return lines(reading.proof(gate.service().journal()));
    }

    @GET
    @Path("/counts")
    @Produces(LINES)
    @APIResponse(responseCode = "200", content = @Content(mediaType = LINES, schema = @Schema(ref = "JournalCounts")))
    @Operation(
            summary = "Count what the journal holds",
            description =
                    "Reads all of it, up to the newest event at the time of asking. Lines with how far it has come,"
                            + " then one with the events by their type, the submissions by their capability, the live jobs by their"
                            + " state, and the times of the oldest and the newest event; or with a `problem` that says why it could"
                            + " not be read. Hanging up ends it. One such reading, or proof, at a time.")
    public Multi<byte[]> counts() {
        return lines(reading.counts(gate.service().journal()));
    }

    @GET
    @Path("/stats")
    @Produces(MediaType.APPLICATION_JSON)
    @Operation(summary = "How much the journal holds, without reading it; `counts` reads it")
    public Response stats() {
        var figures = gate.service().journal().figures();
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("first_sequence", figures.firstSequence())
                .put("last_sequence", figures.lastSequence())
                .put("segments", figures.segments())
                .put("log_bytes", figures.logBytes())
                .put("live_jobs", figures.liveJobs())
                .put("ended_jobs_in_memory", figures.endedInMemory())
                .put("index_files", figures.indexFiles())
                .put("snapshot_sequence", figures.snapshotSequence())
                .put("blobs", figures.blobs().count())
                .put("blob_bytes", figures.blobs().bytes());
        if (figures.indexDamage() != null) {
            json.put("index_damage", figures.indexDamage());
        }
        return Response.ok(json).build();
    }

    /** Asked for one by one, so that a slow client holds nothing in memory. */
    private static Multi<byte[]> lines(Multi<byte[]> pieces) {
        // Each piece ends with the end of a line, and the framework writes another one behind it.
        var withoutLast = pieces.filter(piece -> piece.length > 0).map(piece -> Arrays.copyOf(piece, piece.length - 1));
        return RestMulti.fromMultiData(withoutLast)
                .withDemand(1)
                // Lines, though the media type begins like that of JSON.
                .encodeAsJsonArray(false)
                .build();
    }
}
