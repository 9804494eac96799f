package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.runner.files.Artifact;
import io.smallrye.common.annotation.Blocking;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** The files that jobs left as part of their results. */
@Path("/api/v1/jobs/{id}/artifacts")
@Blocking
@Tag(name = "jobs")
public class ArtifactsResource {
    private final ServiceGate gate;

    ArtifactsResource(ServiceGate gate) {
        this.gate = gate;
    }

    @GET
    @Produces(MediaType.APPLICATION_JSON)
    @Operation(
            summary = "List the files that a job left",
            description = "Name, size, SHA-256 and media type of each file that the job left in $RINGFENCE_OUTPUT.")
    public Response list(@PathParam("id") String id) {
        var _ = gate.job(id);
        var json = JsonNodeFactory.instance.objectNode();
        var array = json.putArray("artifacts");
        gate.service().artifacts().list(id).forEach(artifact -> array.add(artifact.json()));
        return Response.ok(json).build();
    }

    @GET
    @Path("/{name:.+}")
    @Produces(MediaType.WILDCARD)
    @Operation(
            summary = "Fetch a file that a job left",
            description =
                    "Its bytes, as a download. The file's SHA-256 is the entity tag. A reader that takes nothing for"
                            + " `ringfence.http.stall-limit` is cut off.")
    @APIResponse(responseCode = "200", description = "The file")
    @APIResponse(responseCode = "404", description = "There is no such job or file, or it is no longer kept")
    public Response get(@PathParam("id") String id, @PathParam("name") String name, @Context Request request)
            throws IOException {
        var _ = gate.job(id);
        var artifacts = gate.service().artifacts();
        var artifact = artifacts.list(id).stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new UnknownArtifact(id, name));
        var content = artifacts.open(id, artifact).orElseThrow(() -> new UnknownArtifact(id, name));
        if (request.getMethod().equals(HttpMethod.HEAD)) {
            // Nothing is sent then, and nothing else would close it.
            content.close();
        }
        return Response.ok(new FileAnswer(content, artifact.size()))
                .type(artifact.mediaType())
                .header("Content-Length", artifact.size())
                .header("Content-Disposition", disposition(artifact))
                .header("ETag", "\"" + artifact.sha256() + "\"")
                // A browser neither guesses another type nor runs what an agent made.
                .header("X-Content-Type-Options", "nosniff")
                .header("Content-Security-Policy", "sandbox")
                .build();
    }

    /** As RFC 6266 has it, for names of any characters. */
    private static String disposition(Artifact artifact) {
        var last = artifact.name().substring(artifact.name().lastIndexOf('/') + 1);
        var encoded = URLEncoder.encode(last, StandardCharsets.UTF_8).replace("+", "%20");
        return "attachment; filename*=UTF-8''" + encoded;
    }

    /** There is no such file; list what there is. */
    static final class UnknownArtifact extends RuntimeException {
        private static final long serialVersionUID = 1L;

        UnknownArtifact(String job, String name) {
            super("job " + job + " left no file \"" + name + "\", or it is no longer kept; GET /api/v1/jobs/" + job
                    + "/artifacts lists what there is");
        }
    }
}
