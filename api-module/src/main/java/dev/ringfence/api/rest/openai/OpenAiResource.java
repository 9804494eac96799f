package dev.ringfence.api.rest.openai;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.rest.Audit;
import dev.ringfence.api.rest.JsonBody;
import dev.ringfence.api.rest.Problem;
import dev.ringfence.api.rest.ServiceGate;
import dev.ringfence.api.rest.openai.ModelCalls.Call;
import dev.ringfence.catalog.Model;
import dev.ringfence.catalog.ModelFile;
import dev.ringfence.catalog.Provider;
import dev.ringfence.runner.capability.ModelSource;
import dev.ringfence.runner.engine.EngineException;
import dev.ringfence.runner.engine.GenerationRequest;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import dev.ringfence.runner.engine.ServedModel;
import dev.ringfence.runner.openai.ModelRequest;
import dev.ringfence.runner.openai.ResponsesRequest;
import io.smallrye.common.annotation.Blocking;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestMulti;

/**
 * OpenAI's API. Its answers are text of a type that each names itself: one address answers with JSON or with a stream,
 * as the body asks.
 */
@Path("/v1")
@Tag(name = "openai", description = "OpenAI's API; src/docs/openai.md lists each parameter")
public class OpenAiResource {
    private static final String JSON = MediaType.APPLICATION_JSON;

    private final ServiceGate gate;
    private final ModelCalls calls;
    private final Callers callers;
    private final Audit audit;

    OpenAiResource(ServiceGate gate, ModelCalls calls, Callers callers, Audit audit) {
        this.audit = audit;
        this.gate = gate;
        this.calls = calls;
        this.callers = callers;
    }

    @POST
    @Path("/chat/completions")
    @Blocking
    @Consumes(MediaType.APPLICATION_JSON)
    @Produces(MediaType.TEXT_PLAIN)
    @org.eclipse.microprofile.openapi.annotations.Operation(summary = "Let a model continue a conversation")
    public RestMulti<byte[]> chat(
            @RequestBody(content = @Content(mediaType = JSON, schema = @Schema(ref = "ChatCompletionRequest")))
                    InputStream body,
            @Context HttpHeaders headers) {
        var json = JsonBody.read(body);
        var request = ModelRequest.of(Operation.CHAT, json);
        var head = head("chatcmpl-", request.model());
        var answer = request.stream() ? new ChatStream(head, request.includeUsage()) : new ChatAnswer(head);
        return answer(request, json, answer, headers);
    }

    @POST
    @Path("/completions")
    @Blocking
    @Consumes(MediaType.APPLICATION_JSON)
    @Produces(MediaType.TEXT_PLAIN)
    @org.eclipse.microprofile.openapi.annotations.Operation(summary = "Let a model continue a text")
    public RestMulti<byte[]> completions(
            @RequestBody(content = @Content(mediaType = JSON, schema = @Schema(ref = "CompletionRequest")))
                    InputStream body,
            @Context HttpHeaders headers) {
        var json = JsonBody.read(body);
        var request = ModelRequest.of(Operation.COMPLETION, json);
        var head = head("cmpl-", request.model());
        var answer = request.stream() ? new CompletionStream(head, request.includeUsage()) : new CompletionAnswer(head);
        return answer(request, json, answer, headers);
    }

    @POST
    @Path("/embeddings")
    @Blocking
    @Consumes(MediaType.APPLICATION_JSON)
    @Produces(MediaType.TEXT_PLAIN)
    @org.eclipse.microprofile.openapi.annotations.Operation(summary = "Turn texts into vectors")
    public RestMulti<byte[]> embeddings(
            @RequestBody(content = @Content(mediaType = JSON, schema = @Schema(ref = "EmbeddingsRequest")))
                    InputStream body,
            @Context HttpHeaders headers) {
        var json = JsonBody.read(body);
        var request = ModelRequest.of(Operation.EMBEDDINGS, json);
        return answer(request, json, new EmbeddingsAnswer(request.model()), headers);
    }

    @POST
    @Path("/responses")
    @Blocking
    @Consumes(MediaType.APPLICATION_JSON)
    @Produces(MediaType.TEXT_PLAIN)
    @org.eclipse.microprofile.openapi.annotations.Operation(
            summary = "Let a model respond",
            description = "Nothing is stored: each request brings the whole conversation.")
    public RestMulti<byte[]> responses(
            @RequestBody(content = @Content(mediaType = JSON, schema = @Schema(ref = "ResponsesRequest")))
                    InputStream body,
            @Context HttpHeaders headers) {
        var request = ResponsesRequest.of(JsonBody.read(body));
        var agent = callers.agent(headers);
        var model = request.request().model();
        var ignored = ignored(request.request(), request.ignored(), agent, ResponsesRequest::param);
        var head = head("resp_", model);
        var answer = request.stream()
                ? new ResponsesStream(head, request.echo())
                : new ResponsesAnswer(head, request.echo());
        var call = new Call(
                agent, gate.caller().credential(), Operation.CHAT, request.chat(), ignored, ResponsesRequest::param);
        return calls.answer(gate.service().jobs(), call, answer);
    }

    @GET
    @Path("/models")
    @Produces(MediaType.APPLICATION_JSON)
    @org.eclipse.microprofile.openapi.annotations.Operation(summary = "The models that the caller may use")
    @APIResponse(responseCode = "200", content = @Content(mediaType = JSON, schema = @Schema(ref = "OpenAiModelList")))
    public String models(@Context HttpHeaders headers) {
        var list = JsonNodeFactory.instance.objectNode().put("object", "list");
        var data = list.putArray("data");
        var state = gate.service().liveCatalog().state();
        var since = state.since();
        state.catalog()
                .modelsFor(callers.agent(headers))
                .forEach(model -> data.add(json(model.isDefault() ? model.id() : model.reference(), model, since)));
        return list.toString();
    }

    @GET
    @Path("/models/{id: .+}")
    @Produces(MediaType.APPLICATION_JSON)
    @org.eclipse.microprofile.openapi.annotations.Operation(summary = "One model; its id may hold slashes")
    @APIResponse(responseCode = "200", content = @Content(mediaType = JSON, schema = @Schema(ref = "OpenAiModel")))
    public String model(@PathParam("id") String id, @Context HttpHeaders headers) {
        var state = gate.service().liveCatalog().state();
        var catalog = state.catalog();
        return catalog.model(id)
                .filter(_ -> catalog.mayUse(callers.agent(headers), id))
                .map(model -> json(id, model, state.since()).toString())
                .orElseThrow(() -> unknown(id));
    }

    private RestMulti<byte[]> answer(ModelRequest request, ObjectNode json, Answer answer, HttpHeaders headers) {
        var agent = callers.agent(headers);
        var ignored = ignored(request, request.ignored(), agent, UnaryOperator.identity());
        // How the answer is sent is not what the model is asked.
        var arguments = json.deepCopy();
        arguments.remove("stream");
        arguments.remove("stream_options");
        var call = new Call(
                agent, gate.caller().credential(), request.operation(), arguments, ignored, UnaryOperator.identity());
        return calls.answer(gate.service().jobs(), call, answer);
    }

    /**
     * All that has no effect, also for the model that is asked. What it cannot do is refused before there is a job.
     *
     * @param params what the client calls a parameter of the operation
     */
    private List<String> ignored(
            ModelRequest request, List<String> unknown, String agent, UnaryOperator<String> params) {
        var asked = new GenerationRequest(request.operation(), request.body(), agent);
        var ignored = new ArrayList<>(unknown);
        try {
            resolve(request.model(), agent).passesOver(asked).forEach(name -> ignored.add(params.apply(name)));
        } catch (EngineException.InvalidRequest e) {
            throw new RequestFailed(
                    OpenAiError.invalid(
                            e.parameter().map(params).orElse(null),
                            "invalid_request",
                            String.valueOf(e.getMessage()).replace("response_format", params.apply("response_format"))),
                    Optional.empty());
        }
        return ignored;
    }

    /** Before there is a job: what is not there for this agent is refused at the door. */
    private ServedModel resolve(String model, String agent) {
        return switch (gate.service().models().resolve(model, agent)) {
            case ModelSource.Resolution.Found(var served) -> served;
            case ModelSource.Resolution.Refused refused -> throw refusal(model, refused);
        };
    }

    private RequestFailed refusal(String model, ModelSource.Resolution.Refused refused) {
        if (refused.type().equals("model-not-allowed")) {
            // Told to the auditor, as it is not told to the caller.
            audit.refused(new Problem(404, refused.type(), "The model is not for this agent", refused.message()));
        }
        return switch (refused.type()) {
            case "unknown-model", "model-not-allowed" -> unknown(model);
            default -> new RequestFailed(OpenAiError.unavailable(refused.type(), refused.message()), Optional.empty());
        };
    }

    /** The same for a model that is not there and one that is others': who may not use it needs not know of it. */
    private static RequestFailed unknown(String model) {
        return new RequestFailed(
                OpenAiError.notFound(
                        "model",
                        "model_not_found",
                        "The model '" + model + "' does not exist or you do not have access to it; GET /v1/models"
                                + " lists those that you can use."),
                Optional.empty());
    }

    /** When its file was written, where this host has it. */
    private static Optional<Instant> made(Model model) {
        try {
            return model.file().orElse(null) instanceof ModelFile.Found(var path)
                    ? Optional.of(Files.getLastModifiedTime(path).toInstant())
                    : Optional.empty();
        } catch (IOException _) {
            // A file that has gone is told by whoever asks the model.
            return Optional.empty();
        }
    }

    private static Head head(String kind, String model) {
        var id = UUID.randomUUID().toString().replace("-", "");
        return new Head(kind + id, Instant.now().getEpochSecond(), model);
    }

    private static ObjectNode json(String name, Model model, Instant since) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("id", name)
                .put("object", "model")
                .put("created", made(model).orElse(since).getEpochSecond())
                .put(
                        "owned_by",
                        model.provider() instanceof Provider.Remote
                                ? model.provider().externalName()
                                : "ringfence");
    }
}
