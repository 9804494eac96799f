package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.runner.fence.FenceException;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** What the service can do. */
@Path("/api/v1")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "service")
public class ServiceResource {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private final ServiceGate gate;

    ServiceResource(ServiceGate gate) {
        this.gate = gate;
    }

    @GET
    @Path("/capabilities")
    @Operation(summary = "What can be invoked, each with the JSON Schema of its arguments")
    public Response capabilities() {
        var json = JSON.objectNode();
        var array = json.putArray("capabilities");
        for (var capability : gate.service().capabilities().all()) {
            array.addObject()
                    .put("name", capability.name())
                    .put("description", capability.description())
                    .put("repeatable", capability.repeatable())
                    .set("schema", capability.schema());
        }
        return Response.ok(json).build();
    }

    @GET
    @Admin
    @Path("/webhooks")
    @Operation(
            summary = "How the webhooks fare",
            description =
                    "For administrators. Each endpoint, without its secret: how many messages it has not been told"
                            + " yet, how many it was told and will never be told since the start, and why an attempt failed last.")
    public Response webhooks() {
        var json = JSON.objectNode();
        var array = json.putArray("webhooks");
        for (var status : gate.service().webhooks().status()) {
            var endpoint = status.endpoint();
            var entry = array.addObject()
                    .put("name", endpoint.name())
                    .put("host", endpoint.url().getHost())
                    .put("untold", status.untold())
                    .put("delivered", status.delivered())
                    .put("given_up", status.givenUp());
            if (!status.lastError().isEmpty()) {
                entry.put("last_error", status.lastError());
            }
        }
        return Response.ok(json).build();
    }

    @GET
    @Path("/fence")
    @Operation(
            summary =
                    "Which tiers of fences work on this host, or why not and what to do, and by which means each sandbox profile is enforced")
    public Response fence() {
        var service = gate.service();
        var json = JSON.objectNode();
        var tiers = json.putArray("tiers");
        for (var status : service.fences().tiers()) {
            var tier = tiers.addObject()
                    .put("tier", status.tier().externalName())
                    .put("available", status.available())
                    .put("reason", status.reason());
            if (!status.remedy().isEmpty()) {
                tier.put("remedy", status.remedy());
            }
            var facts = tier.putArray("facts");
            status.facts().forEach(facts::add);
        }
        var array = json.putArray("profiles");
        for (var profile : service.catalog().profiles()) {
            var entry = array.addObject().put("name", profile.name());
            try {
                var report = service.fences().report(profile);
                entry.put("tier", report.tier());
                var fields = entry.putArray("fields");
                report.entries()
                        .forEach(line -> fields.addObject()
                                .put("field", line.field())
                                .put("asked", line.asked())
                                .put("means", line.means())
                                .put("value", line.value()));
            } catch (FenceException.Refused e) {
                entry.putObject("refused").put("field", e.field()).put("message", e.getMessage());
            }
        }
        return Response.ok(json).build();
    }
}
