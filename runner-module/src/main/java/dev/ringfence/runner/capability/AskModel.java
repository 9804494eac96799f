package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.GenerationRequest;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import dev.ringfence.runner.openai.InvalidParameter;
import dev.ringfence.runner.openai.ModelRequest;
import java.util.List;

/**
 * Asks a model with the body of a request of OpenAI's API as arguments. The pieces of the answer's text come on the
 * channel {@code text}; a caller who stays on the line hears all of it. The job's deadline counts from when the model's
 * engine is up, since loading has a limit of its own.
 */
public final class AskModel implements Capability {
    private final Operation operation;
    private final ModelSource models;

    /** One of the three things that can be asked. */
    public AskModel(Operation operation, ModelSource models) {
        this.operation = operation;
        this.models = models;
    }

    /** The capability that does an operation. */
    public static String name(Operation operation) {
        return switch (operation) {
            case CHAT -> "ChatCompletion";
            case COMPLETION -> "TextCompletion";
            case EMBEDDINGS -> "Embeddings";
        };
    }

    @Override
    public String name() {
        return name(operation);
    }

    @Override
    public String description() {
        return switch (operation) {
            case CHAT -> "Lets a model continue a conversation; takes what POST /v1/chat/completions takes";
            case COMPLETION -> "Lets a model continue a text; takes what POST /v1/completions takes";
            case EMBEDDINGS -> "Turns texts into vectors; takes what POST /v1/embeddings takes, and tells their number";
        };
    }

    /** Says the least: the parameters themselves are checked with OpenAI's words when the work starts. */
    @Override
    public ObjectNode schema() {
        var schema = ResultJson.object()
                .put("$schema", "https://json-schema.org/draft/2020-12/schema")
                .put("type", "object");
        schema.putObject("properties").putObject("model").put("type", "string").put("minLength", 1);
        schema.putArray("required").add("model").add(operation.prompt());
        return schema;
    }

    @Override
    public boolean usesTokens() {
        return true;
    }

    @Override
    public boolean repeatable() {
        return true;
    }

    @Override
    public boolean fenced() {
        return false;
    }

    @Override
    public Execution start(Invocation invocation, OutputSink sink) {
        var request = parse((ObjectNode) invocation.arguments());
        return switch (models.resolve(request.model(), invocation.agent())) {
            case ModelSource.Resolution.Found(var model) ->
                ModelExecution.start(
                        invocation, model, new GenerationRequest(operation, request.body(), invocation.agent()), sink);
            case ModelSource.Resolution.Refused(var type, var message) ->
                ModelExecution.refused(request.model(), type, message);
        };
    }

    @Override
    public Outcome dryRun(Invocation invocation) {
        var request = parse((ObjectNode) invocation.arguments());
        return ModelExecution.rehearsed(models, request.model(), invocation);
    }

    private ModelRequest parse(ObjectNode arguments) {
        try {
            return ModelRequest.of(operation, arguments);
        } catch (InvalidParameter e) {
            throw new InvalidArguments(List.of(String.valueOf(e.getMessage())));
        }
    }
}
