package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.catalog.Catalog;
import dev.ringfence.catalog.DataSize;
import dev.ringfence.catalog.Model;
import dev.ringfence.catalog.ModelCapability;
import dev.ringfence.catalog.Provider;
import dev.ringfence.catalog.Requirements;
import dev.ringfence.runner.capability.ModelSource;
import dev.ringfence.runner.engine.GenerationRequest;
import dev.ringfence.runner.engine.LlamaCpp;
import dev.ringfence.runner.engine.ModelHealth;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** The catalog: its models, who may use them, and how it is changed. */
@Blocking
@Path("/api/v1")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "models")
public class ModelsResource {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final long MOST_MEGABYTES = 1L << 30;

    private final ServiceGate gate;
    private final Audit audit;

    ModelsResource(ServiceGate gate, Audit audit) {
        this.audit = audit;
        this.gate = gate;
    }

    @GET
    @Path("/models")
    @Operation(summary = "The catalog's models, each version for itself, and what their engines are doing")
    public Uni<Response> models(
            @Parameter(description = "Only those that this agent may use") @QueryParam("agent") @Nullable String agent,
            @Parameter(description = "Only those that have all of these, separated by commas", example = "Embeddings")
                    @QueryParam("capability")
                    @Nullable String capability) {
        var catalog = gate.service().catalog();
        var who = visibleFor(agent);
        var errors = new ArrayList<String>();
        var wanted = capabilities("capability", capability, errors);
        if (!errors.isEmpty()) {
            throw new BadRequest("invalid-request", errors);
        }
        var models = who == null ? catalog.models() : catalog.modelsFor(who);
        return list(models.stream()
                .filter(model -> model.capabilities().containsAll(wanted))
                .toList());
    }

    /**
     * For whom one looks: administrators for anyone, others for themselves only.
     *
     * @return null for the whole catalog
     */
    private @Nullable String visibleFor(@Nullable String asked) {
        var caller = gate.caller();
        return caller.admin() ? asked : caller.actingAs(Optional.ofNullable(asked), "agent");
    }

    @GET
    @Path("/agents/{agent}/models")
    @Operation(summary = "What an agent may use; an agent that the catalog does not map may use every model")
    public Uni<Response> ofAgent(@PathParam("agent") String agent) {
        var _ = visibleFor(agent);
        return list(gate.service().catalog().modelsFor(agent));
    }

    /** One that the caller may use; another one is answered like one that there is not. */
    private Model visible(Catalog catalog, String name) {
        var who = visibleFor(null);
        return catalog.model(name)
                .filter(_ -> who == null || catalog.mayUse(who, name))
                .orElseThrow(() -> new UnknownModel(
                        "there is no model \"" + name + "\" in the catalog; GET /api/v1/models lists what there is"));
    }

    private Uni<Response> list(Collection<Model> models) {
        return gate.service().engines().status().map(engines -> {
            var json = JSON.objectNode();
            var array = json.putArray("models");
            models.forEach(model -> array.add(ModelJson.of(model, engines)));
            return Response.ok(json).build();
        });
    }

    @GET
    @Path("/models/{model}")
    @Operation(
            summary = "One model: its requirements, its engine, and what its file says about it",
            description = "The model is an id, which means its default version, an alias, or id@version.")
    @APIResponse(responseCode = "200", description = "The model")
    @APIResponse(responseCode = "404", description = "unknown-model")
    public Uni<Response> model(@PathParam("model") String name) {
        var service = gate.service();
        var state = service.liveCatalog().state();
        var model = visible(state.catalog(), name);
        var llamaCpp = model.provider() instanceof Provider.Remote
                ? Uni.createFrom().item(Optional.<LlamaCpp>empty())
                // A host without it says so when a model is asked.
                : service.engines().llamaCpp().map(Optional::of).onFailure().recoverWithItem(Optional.empty());
        return Uni.combine()
                .all()
                .unis(service.engines().status(), llamaCpp)
                .with((engines, program) -> Response.ok(ModelJson.detail(model, engines, program, state))
                        .build());
    }

    @GET
    @Path("/models/{model}/health")
    @Operation(
            summary = "Whether a model answers, found out by asking it for one token",
            description = "At most ten seconds; the answer is shared by all who ask within half a minute. A model whose"
                    + " engine is not up is not asked, unless load is true.")
    @APIResponse(responseCode = "200", description = "healthy is true; or null, of a model whose engine is not up")
    @APIResponse(responseCode = "404", description = "unknown-model")
    @APIResponse(responseCode = "503", description = "healthy is false, and reason says why")
    public Uni<Response> health(
            @PathParam("model") String name,
            @Parameter(description = "Starts the model's engine if need be") @QueryParam("load") @DefaultValue("false")
                    String load) {
        var service = gate.service();
        boolean wake = Parameters.flag("load", load);
        var who = visibleFor(null);
        var model = visible(service.catalog(), name);
        var operation = model.onlyEmbeds() ? GenerationRequest.Operation.EMBEDDINGS : GenerationRequest.Operation.CHAT;
        return switch (service.models().resolve(model.reference(), who == null ? "" : who)) {
            case ModelSource.Resolution.Refused(var type, var message) ->
                Uni.createFrom().item(unhealthy(model, type + ": " + message));
            case ModelSource.Resolution.Found(var served) ->
                service.engines().status().flatMap(engines -> {
                    var trouble = engines.stream()
                            .filter(engine -> ModelJson.isReady(model, engine))
                            .flatMap(engine -> service.fileTrouble(model, engine.since()).stream())
                            .findFirst();
                    if (trouble.isPresent()) {
                        return Uni.createFrom().item(unhealthy(model, trouble.get()));
                    }
                    boolean asleep = model.file().isPresent()
                            && engines.stream().noneMatch(engine -> ModelJson.isReady(model, engine));
                    return asleep && !wake
                            ? Uni.createFrom()
                                    .item(Response.ok(health(model)
                                                    .putNull("healthy")
                                                    .put("reason", "not loaded"))
                                            .build())
                            : service.modelHealth().check(served, operation).map(report -> response(model, report));
                });
        };
    }

    private static Response response(Model model, ModelHealth.Report report) {
        if (!report.healthy()) {
            return unhealthy(model, String.valueOf(report.reason()));
        }
        return Response.ok(health(model)
                        .put("healthy", true)
                        .put("checked_at", report.at().toString())
                        .put("took_ms", report.took().toMillis()))
                .build();
    }

    private static Response unhealthy(Model model, String reason) {
        return Response.status(Response.Status.SERVICE_UNAVAILABLE)
                // Until then it would be the same answer.
                .header("Retry-After", ModelHealth.KEPT.toSeconds())
                .entity(health(model).put("healthy", false).put("reason", reason))
                .build();
    }

    private static ObjectNode health(Model model) {
        return JSON.objectNode().put("model", model.reference());
    }

    @GET
    @Path("/models/select")
    @Operation(
            summary = "The model with all asked capabilities that needs the least memory",
            description = "Of models that need the same, the one whose id comes first.")
    @APIResponse(responseCode = "200", description = "The model")
    @APIResponse(responseCode = "404", description = "unknown-model: none fits")
    public Uni<Response> select(
            @Parameter(description = "Separated by commas", example = "TextGeneration,ToolUse")
                    @QueryParam("capabilities")
                    @Nullable String capabilities,
            @Parameter(description = "What the model may need at most") @QueryParam("max_memory_mb") @Nullable String maxMemory,
            @Parameter(description = "Who asks; without it, the whole catalog is looked through")
                    @QueryParam("agent")
                    @Nullable String agent) {
        var service = gate.service();
        var requirements = requirements(capabilities, maxMemory, visibleFor(agent));
        var model = service.catalog()
                .select(requirements)
                .orElseThrow(() -> new UnknownModel("no model of the catalog has all of "
                        + requirements.capabilities().stream()
                                .map(ModelCapability::externalName)
                                .sorted()
                                .toList()
                        + (requirements.maxMemory() == null ? "" : " within " + requirements.maxMemory())
                        + (agent == null ? "" : " and is allowed for " + agent)));
        return service.engines()
                .status()
                .map(engines -> Response.ok(ModelJson.of(model, engines)).build());
    }

    private static Requirements requirements(
            @Nullable String capabilities, @Nullable String maxMemory, @Nullable String agent) {
        var errors = new ArrayList<String>();
        var wanted = capabilities("capabilities", capabilities, errors);
        var memory = memory(maxMemory, errors);
        if (!errors.isEmpty()) {
            throw new BadRequest("invalid-request", errors);
        }
        return new Requirements(wanted, memory.orElse(null), agent);
    }

    private static Set<ModelCapability> capabilities(
            String parameter, @Nullable String capabilities, List<String> errors) {
        var wanted = EnumSet.noneOf(ModelCapability.class);
        for (var name : capabilities == null || capabilities.isBlank() ? new String[0] : capabilities.split(",", -1)) {
            ModelCapability.of(name.strip())
                    .ifPresentOrElse(
                            wanted::add,
                            () -> errors.add(parameter + ": there is no capability \"" + name.strip() + "\"; there are "
                                    + Arrays.stream(ModelCapability.values())
                                            .map(ModelCapability::externalName)
                                            .toList()));
        }
        return wanted;
    }

    private static Optional<DataSize> memory(@Nullable String megabytes, List<String> errors) {
        if (megabytes == null) {
            return Optional.empty();
        }
        if (!megabytes.matches("[0-9]{1,10}") || Long.parseLong(megabytes) > MOST_MEGABYTES) {
            errors.add("max_memory_mb: it must be a whole number from 0 to " + MOST_MEGABYTES + ", not \"" + megabytes
                    + "\"");
            return Optional.empty();
        }
        return Optional.of(DataSize.ofMegabytes(Long.parseLong(megabytes)));
    }

    @POST
    @Admin
    @Path("/models")
    @Consumes(MediaType.APPLICATION_JSON)
    @Operation(
            summary = "Adds a model, which stays through restarts",
            description = "The body has the keys of a model in the catalog file, and must not name endpoints or keys."
                    + " Only where the catalog has allow_runtime_overrides, and only for administrators.")
    @APIResponse(responseCode = "201", description = "The model is in the catalog")
    @APIResponse(responseCode = "403", description = "runtime-overrides-disabled, forbidden")
    @APIResponse(responseCode = "422", description = "invalid-catalog, with every error")
    public Response add(
            @RequestBody(
                            content =
                                    @Content(
                                            schema =
                                                    @Schema(
                                                            implementation = Object.class,
                                                            examples =
                                                                    "{\"id\":\"writer\",\"version\":\"2\",\"provider\":{\"LocalFile\":{\"file_path\":\"/models/w.gguf\"}},\"capabilities\":[\"TextGeneration\"]}")))
                    InputStream body) {
        var service = gate.service();
        var added = service.liveCatalog().add(JsonBody.read(body));
        audit.done("model_added", null, added.reference());
        return Response.created(UriBuilder.fromPath("/api/v1/models/{model}").build(added.reference()))
                .entity(ModelJson.detail(
                        added,
                        List.of(),
                        Optional.empty(),
                        service.liveCatalog().state()))
                .build();
    }

    @DELETE
    @Admin
    @Path("/models/{model}")
    @Operation(
            summary = "Removes a model that was added at run time",
            description = "Requests that it is answering come to their end.")
    @APIResponse(responseCode = "204", description = "It is not in the catalog any more")
    @APIResponse(responseCode = "404", description = "unknown-model")
    @APIResponse(responseCode = "409", description = "model-of-the-catalog-file")
    public Response remove(@PathParam("model") String name) {
        gate.service().liveCatalog().remove(name);
        audit.done("model_removed", null, name);
        return Response.noContent().build();
    }
}
