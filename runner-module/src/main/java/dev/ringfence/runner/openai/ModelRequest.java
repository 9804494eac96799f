package dev.ringfence.runner.openai;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import java.util.List;
import java.util.Set;

/**
 * A request of OpenAI's API that has been checked.
 *
 * @param model as the client names it
 * @param body what a model is asked, as {@link dev.ringfence.runner.engine.GenerationRequest} takes it
 * @param stream whether the answer is wanted piece by piece
 * @param includeUsage whether a stream shall end with the counts
 * @param ignored parameters that have no effect here, by name, such as {@code foo} or {@code stream_options.foo}
 */
public record ModelRequest(
        Operation operation,
        String model,
        ObjectNode body,
        boolean stream,
        boolean includeUsage,
        List<String> ignored) {
    public ModelRequest {
        ignored = List.copyOf(ignored);
    }

    /**
     * Checks a request and brings it into the form that engines take.
     *
     * @param request as the client sent it; not changed
     * @throws InvalidParameter when it asks for what cannot be had
     */
    public static ModelRequest of(Operation operation, ObjectNode request) {
        var parameters = new Parameters(request);
        var model = parameters.requiredText("model", "the id of a model; GET /v1/models lists them");
        var body = JsonNodeFactory.instance.objectNode();
        switch (operation) {
            case CHAT -> ChatParameters.read(parameters, body);
            case COMPLETION -> CompletionParameters.read(parameters, body);
            case EMBEDDINGS -> EmbeddingParameters.read(parameters, body);
        }
        parameters.services(body);
        boolean stream = operation != Operation.EMBEDDINGS && parameters.flag("stream", false);
        boolean includeUsage = operation != Operation.EMBEDDINGS && includeUsage(parameters, stream);
        return new ModelRequest(operation, model, body, stream, includeUsage, parameters.unread());
    }

    private static boolean includeUsage(Parameters parameters, boolean stream) {
        var options = parameters.object("stream_options");
        if (options == null) {
            return false;
        }
        if (!stream) {
            throw InvalidParameter.unsupported("stream_options", "it is allowed with \"stream\": true only.");
        }
        parameters.onlyWithin(options, "stream_options", Set.of("include_usage"));
        return new Parameters(options).flag("include_usage", false);
    }
}
