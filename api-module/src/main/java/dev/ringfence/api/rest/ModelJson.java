package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.LiveCatalog;
import dev.ringfence.catalog.GgufHeader;
import dev.ringfence.catalog.Model;
import dev.ringfence.catalog.ModelCapability;
import dev.ringfence.catalog.ModelFile;
import dev.ringfence.catalog.Provider;
import dev.ringfence.catalog.Statistics;
import dev.ringfence.runner.engine.EnginePurpose;
import dev.ringfence.runner.engine.EngineStatus;
import dev.ringfence.runner.engine.LlamaCpp;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** How models, their engines and the catalog look from outside. */
final class ModelJson {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private ModelJson() {}

    static ObjectNode of(Model model, List<EngineStatus> engines) {
        var json = JSON.objectNode()
                .put("id", model.id())
                .put("reference", model.reference())
                .put("default", model.isDefault());
        if (!model.version().isEmpty()) {
            json.put("version", model.version());
        }
        model.aliases().forEach(json.putArray("aliases")::add);
        json.put("name", model.name()).put("provider", model.provider().externalName());
        var capabilities = json.putArray("capabilities");
        model.capabilities().stream()
                .map(ModelCapability::externalName)
                .sorted()
                .forEach(capabilities::add);
        json.put("min_memory_mb", model.requirements().minMemory().megabytes());
        if (!(model.provider() instanceof Provider.Remote)) {
            json.set("engine", engine(model, engines, EnginePurpose.TEXT));
            engines.stream()
                    .filter(engine -> isOf(engine, model, EnginePurpose.EMBEDDINGS))
                    .findFirst()
                    .ifPresent(engine -> json.set("embeddings_engine", engine(engine)));
        }
        return json;
    }

    /** With all that is known of it; without paths of this host, and without where keys are. */
    static ObjectNode detail(
            Model model, List<EngineStatus> engines, Optional<LlamaCpp> llamaCpp, LiveCatalog.State state) {
        var json =
                of(model, engines).put("added_at_run_time", state.addedModels().contains(model.reference()));
        var requirements = json.putObject("resource_requirements")
                .put("min_memory_mb", model.requirements().minMemory().megabytes())
                .put("preferred_cpu_cores", model.requirements().preferredCpuCores());
        if (model.requirements().gpu() != null) {
            requirements
                    .putObject("gpu_requirements")
                    .put("min_vram_mb", model.requirements().gpu().minVram().megabytes())
                    .put("compute_capability", model.requirements().gpu().computeCapability());
        }
        json.put("pinned", model.engine().pinned());
        model.sha256().ifPresent(sha256 -> json.put("sha256", sha256));
        switch (model.provider()) {
            case Provider.LocalFile _ -> {}
            case Provider.HuggingFace hub ->
                json.put("repository", hub.modelPath()).put("revision", hub.revision());
            case Provider.OpenAI remote -> json.put("remote_model", remote.modelName());
            case Provider.Anthropic remote -> json.put("remote_model", remote.modelName());
            case Provider.Custom remote -> {
                if (remote.modelName() != null) {
                    json.put("remote_model", remote.modelName());
                }
            }
        }
        if (!(model.provider() instanceof Provider.Remote)) {
            json.put("sandbox_profile", state.catalog().engineProfile(model).name())
                    .put("context_tokens", model.contextTokens())
                    .put("slots", model.slots());
        }
        llamaCpp.ifPresent(program -> json.set("llama_cpp", llamaCpp(program)));
        if (model.header() != null) {
            json.set("gguf", gguf(model.header()));
        } else if (model.file().orElse(null) instanceof ModelFile.Missing(var message)) {
            json.put("file", message);
        }
        return json;
    }

    private static ObjectNode llamaCpp(LlamaCpp program) {
        var json = JSON.objectNode()
                .put("program", String.valueOf(program.program().getFileName()))
                .put("mode", program.server() ? "server" : "one-shot");
        program.version().ifPresent(version -> json.put("version", version));
        return json;
    }

    private static ObjectNode gguf(GgufHeader header) {
        return JSON.objectNode()
                .put("architecture", header.architecture())
                .put("name", header.name())
                .put("context_length", header.contextLength())
                .put("parameters", header.parameters())
                .put("quantization", header.quantization())
                .put("chat_template", header.chatTemplate())
                .put("file_bytes", header.fileBytes())
                .put("version", header.version());
    }

    static ObjectNode of(Statistics statistics) {
        var json = JSON.objectNode()
                .put("models", statistics.models())
                .put("profiles", statistics.profiles())
                .put("mapped_agents", statistics.mappedAgents());
        var capabilities = json.putObject("by_capability");
        statistics.byCapability().forEach((capability, count) -> capabilities.put(capability.externalName(), count));
        var providers = json.putObject("by_provider");
        statistics.byProvider().forEach(providers::put);
        return json.put("total_min_memory_mb", statistics.totalMinMemory().megabytes());
    }

    /** Whether it is an engine of the model, and up. */
    static boolean isReady(Model model, EngineStatus engine) {
        return engine.model().equals(model.reference()) && engine.state() instanceof EngineStatus.State.Ready;
    }

    private static boolean isOf(EngineStatus engine, Model model, EnginePurpose purpose) {
        return engine.model().equals(model.reference()) && engine.purpose() == purpose;
    }

    private static ObjectNode engine(Model model, List<EngineStatus> engines, EnginePurpose purpose) {
        return engines.stream()
                .filter(engine -> isOf(engine, model, purpose))
                .findFirst()
                .map(ModelJson::engine)
                .orElseGet(() -> JSON.objectNode().put("state", "cold"));
    }

    private static ObjectNode engine(EngineStatus engine) {
        var json = JSON.objectNode()
                .put("state", engine.state().getClass().getSimpleName().toLowerCase(Locale.ROOT));
        switch (engine.state()) {
            case EngineStatus.State.Cold _, EngineStatus.State.Loading _, EngineStatus.State.Stopping _ -> {}
            case EngineStatus.State.Ready ready ->
                json.put("pid", ready.pid()).put("slots", ready.slots()).put("busy_slots", ready.busySlots());
            case EngineStatus.State.Failed failed ->
                json.put("reason", failed.reason())
                        .put("retry_at", failed.retryAt().toString());
        }
        return json.put("since", engine.since().toString())
                .put("waiting", engine.waiting())
                .put("memory_mb", engine.memory().megabytes());
    }
}
