package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.catalog.Model;
import dev.ringfence.catalog.ModelCapability;
import dev.ringfence.runner.engine.EnginePurpose;
import dev.ringfence.runner.engine.EngineStatus;
import dev.ringfence.runner.fence.FenceException;
import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.List;
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
    @Path("/models")
    @Operation(summary = "The catalog's models, and what their engines are doing")
    public Uni<Response> models() {
        var service = gate.service();
        return service.engines().status().map(engines -> {
            var json = JSON.objectNode();
            var array = json.putArray("models");
            service.catalog().models().forEach(model -> array.add(model(model, engines)));
            return Response.ok(json).build();
        });
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
        for (var status : service.fence().tiers()) {
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
                var report = service.fence().report(profile);
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

    private static ObjectNode model(Model model, List<EngineStatus> engines) {
        var json = JSON.objectNode()
                .put("id", model.id())
                .put("name", model.name())
                .put("provider", model.provider().externalName());
        var capabilities = json.putArray("capabilities");
        model.capabilities().stream()
                .map(ModelCapability::externalName)
                .sorted()
                .forEach(capabilities::add);
        json.put("min_memory_mb", model.requirements().minMemory().megabytes());
        engines.stream()
                .filter(engine -> engine.model().equals(model.id()) && engine.purpose() == EnginePurpose.TEXT)
                .findFirst()
                .ifPresentOrElse(
                        engine -> json.set("engine", engine(engine)),
                        () -> json.putObject("engine").put("state", "cold"));
        return json;
    }

    private static ObjectNode engine(EngineStatus engine) {
        var json = JSON.objectNode();
        switch (engine.state()) {
            case EngineStatus.State.Cold _ -> json.put("state", "cold");
            case EngineStatus.State.Loading _ -> json.put("state", "loading");
            case EngineStatus.State.Ready ready ->
                json.put("state", "ready")
                        .put("pid", ready.pid())
                        .put("slots", ready.slots())
                        .put("busy_slots", ready.busySlots());
            case EngineStatus.State.Stopping _ -> json.put("state", "stopping");
            case EngineStatus.State.Failed failed ->
                json.put("state", "failed")
                        .put("reason", failed.reason())
                        .put("retry_at", failed.retryAt().toString());
        }
        return json.put("since", engine.since().toString()).put("waiting", engine.waiting());
    }
}
