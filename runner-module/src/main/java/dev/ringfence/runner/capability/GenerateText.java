package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.GenerationRequest;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import dev.ringfence.runner.engine.ServedModel;
import java.util.List;

/**
 * Lets a model answer a prompt. The pieces of the answer come on the channel {@code text}. The job's deadline counts
 * from when the model's engine is up, since loading has a limit of its own.
 */
public final class GenerateText implements Capability {
    private static final ObjectNode SCHEMA = JsonSchemas.parse("""
            {
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "type": "object",
              "properties": {
                "model": {
                  "type": "string",
                  "minLength": 1,
                  "maxLength": 256,
                  "description": "the id of a model of the catalog"
                },
                "prompt": {
                  "type": "string",
                  "minLength": 1,
                  "maxLength": 262144,
                  "description": "what the model is asked"
                },
                "system": {
                  "type": "string",
                  "maxLength": 262144,
                  "description": "how the model shall behave"
                },
                "max_tokens": {
                  "type": "integer",
                  "minimum": 1,
                  "maximum": 65536,
                  "default": 256,
                  "description": "the length of the answer at most"
                },
                "temperature": {
                  "type": "number",
                  "minimum": 0,
                  "maximum": 2,
                  "default": 0.7,
                  "description": "0 always takes the likeliest token"
                },
                "top_p": {
                  "type": "number",
                  "minimum": 0,
                  "maximum": 1,
                  "description": "takes only the likeliest tokens that together have this probability"
                },
                "seed": {
                  "type": "integer",
                  "minimum": 0,
                  "maximum": 4294967294,
                  "description": "makes the choice of tokens repeatable"
                },
                "stop": {
                  "type": "array",
                  "items": { "type": "string", "minLength": 1, "maxLength": 1024 },
                  "maxItems": 4,
                  "description": "texts that end the answer"
                },
                "custom_parameters": {
                  "type": "object",
                  "description": "how llama.cpp chooses tokens; models elsewhere may know other ones, or none",
                  "properties": {
                    "top_k": { "type": "integer", "minimum": 0, "maximum": 1000000 },
                    "min_p": { "type": "number", "minimum": 0, "maximum": 1 },
                    "typical_p": { "type": "number", "minimum": 0, "maximum": 1 },
                    "repeat_penalty": { "type": "number", "minimum": 0, "maximum": 2 },
                    "presence_penalty": { "type": "number", "minimum": -2, "maximum": 2 },
                    "frequency_penalty": { "type": "number", "minimum": -2, "maximum": 2 }
                  },
                  "additionalProperties": false
                }
              },
              "required": ["model", "prompt"],
              "additionalProperties": false
            }
            """);

    private static final int DEFAULT_MAX_TOKENS = 256;
    private static final double DEFAULT_TEMPERATURE = 0.7;

    private final ModelSource models;

    public GenerateText(ModelSource models) {
        this.models = models;
    }

    @Override
    public String name() {
        return "GenerateText";
    }

    @Override
    public String description() {
        return "Lets a language model answer a prompt and streams the answer";
    }

    @Override
    public ObjectNode schema() {
        return SCHEMA.deepCopy();
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
        var id = invocation.arguments().path("model").asText();
        return switch (models.resolve(id, invocation.agent())) {
            case ModelSource.Resolution.Found(var model) -> generate(invocation, model, sink);
            case ModelSource.Resolution.Refused(var type, var message) -> ModelExecution.refused(id, type, message);
        };
    }

    @Override
    public Outcome dryRun(Invocation invocation) {
        return ModelExecution.rehearsed(
                models, invocation.arguments().path("model").asText(), invocation);
    }

    private static Execution generate(Invocation invocation, ServedModel model, OutputSink sink) {
        var request = new GenerationRequest(Operation.CHAT, body(invocation.arguments()), invocation.agent());
        return ModelExecution.start(invocation, model, request, sink);
    }

    private static ObjectNode body(JsonNode arguments) {
        var body = ResultJson.object();
        var messages = body.putArray("messages");
        if (arguments.has("system")) {
            messages.addObject().put("role", "system").set("content", arguments.path("system"));
        }
        messages.addObject().put("role", "user").set("content", arguments.path("prompt"));
        body.put("max_tokens", arguments.path("max_tokens").asInt(DEFAULT_MAX_TOKENS));
        body.put("temperature", arguments.path("temperature").asDouble(DEFAULT_TEMPERATURE));
        for (var option : List.of("top_p", "seed", "stop")) {
            if (arguments.has(option)) {
                body.set(option, arguments.path(option));
            }
        }
        arguments
                .path("custom_parameters")
                .properties()
                .forEach(option -> body.set(option.getKey(), option.getValue()));
        return body;
    }
}
