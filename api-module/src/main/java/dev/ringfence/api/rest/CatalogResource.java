package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.LiveCatalog;
import io.smallrye.common.annotation.Blocking;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** The catalog as a whole. */
@Path("/api/v1/catalog")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "models")
public class CatalogResource {
    private final ServiceGate gate;
    private final Audit audit;

    CatalogResource(ServiceGate gate, Audit audit) {
        this.gate = gate;
        this.audit = audit;
    }

    @GET
    @Operation(
            summary =
                    "The catalog in numbers, since when it is in use, and, for administrators, what is doubtful about it")
    public Response catalog() {
        var state = gate.service().liveCatalog().state();
        var json = summary(state);
        if (gate.caller().admin()) {
            tellWarnings(json, state);
        }
        return Response.ok(json).build();
    }

    @POST
    @Admin
    @Blocking
    @Path("/reload")
    @Operation(
            summary = "Reads the catalog file and the manifests of capabilities again, as SIGHUP does",
            description =
                    "As a whole or not at all. Jobs under way keep the model that they began with; engines of models"
                            + " that changed or went come to the end of their work and stop.")
    @APIResponse(responseCode = "200", description = "The new catalog is in use")
    @APIResponse(
            responseCode = "422",
            description = "invalid-catalog or invalid-manifest, with every error; nothing of it is taken over")
    public Response reload() {
        var service = gate.service();
        var state = service.liveCatalog().reload();
        audit.done("catalog_reloaded", null, null);
        var json = summary(state);
        tellWarnings(json, state);
        return Response.ok(json).build();
    }

    private static ObjectNode summary(LiveCatalog.State state) {
        var catalog = state.catalog();
        return ModelJson.of(catalog.statistics())
                .put("enabled", catalog.enabled())
                .put("default_sandbox_profile", catalog.defaultProfile().name())
                .put("allow_runtime_overrides", catalog.runtimeOverridesAllowed())
                .put("models_added_at_run_time", state.addedModels().size())
                .put("in_use_since", state.since().toString());
    }

    /** They name paths of the host, and models that not every agent may see. */
    private static void tellWarnings(ObjectNode json, LiveCatalog.State state) {
        var warnings = json.putArray("warnings");
        state.warnings().forEach(warnings::add);
    }
}
