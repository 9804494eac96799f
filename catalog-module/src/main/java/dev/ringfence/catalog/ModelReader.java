package dev.ringfence.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.LongNode;
import dev.ringfence.catalog.ResourceRequirements.GpuRequirements;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads one {@code [[slm.model_allow_lists.global_models]]}, and the head of its file. */
final class ModelReader {
    private static final List<String> CAPABILITIES = Arrays.stream(ModelCapability.values())
            .map(ModelCapability::externalName)
            .toList();

    private static final double DEFAULT_CORES = 1;
    private static final int MOST_CAPABILITY = 1_000;
    private static final int MOST_CONTEXT = 1 << 24;
    private static final int MOST_SLOTS = 256;

    private final ProviderReader providers;

    /** What keeps nobody from using the catalog. */
    private final Problems warnings;

    private final Map<String, String> engineProfiles = new LinkedHashMap<>();

    ModelReader(ProviderReader providers, Problems warnings) {
        this.providers = providers;
        this.warnings = warnings;
    }

    /** Where an engine's profile is named, and its name, also of models that have other errors. */
    Map<String, String> engineProfiles() {
        return engineProfiles;
    }

    /**
     * Empty when something is wrong, which then has been reported.
     *
     * @param called what it is called, which has been read and checked
     */
    Optional<Model> read(ModelNames.Called called, TomlTable model) {
        var provider = providers.read(model);
        var capabilities = capabilities(model);
        var name = model.text("name").orElse(called.id());
        if (model.isText("name") && (name.isBlank() || name.chars().anyMatch(Character::isISOControl))) {
            model.problem("name", "must be a readable name; without one the id is shown");
        }
        var engine = model.table("engine").map(this::engine).orElse(EngineOptions.DEFAULT);
        var needs = model.table("resource_requirements").map(ModelReader::needs).orElse(Needs.UNKNOWN);
        if (provider == null) {
            return Optional.empty();
        }
        var file = head(provider, engine, model);
        var memory = memory(needs, provider, file, model);
        var cores = needs.cores() > 0 ? needs.cores() : DEFAULT_CORES;
        return Optional.of(new Model(
                called.id(),
                called.version(),
                called.isDefault(),
                new LinkedHashSet<>(called.aliases()),
                name,
                provider,
                capabilities,
                new ResourceRequirements(memory, cores, needs.gpu()),
                engine,
                file.header()));
    }

    /** Null where the file leaves it to us. */
    private record Needs(
            @Nullable DataSize memory,
            double cores,
            @Nullable GpuRequirements gpu,
            boolean wrong) {
        static final Needs UNKNOWN = new Needs(null, 0, null, false);
    }

    /** What the model's file says and needs, or why it says nothing. */
    private record Head(@Nullable GgufHeader header, DataSize memory, String reason) {
        static Head none(String reason) {
            return new Head(null, new DataSize(0), reason);
        }
    }

    private Head head(Provider provider, EngineOptions engine, TomlTable model) {
        return switch (provider) {
            case Provider.LocalFile local -> head(new ModelFile.Found(local.filePath()), engine, model);
            case Provider.HuggingFace hub -> head(HuggingFaceCache.ofHost().find(hub), engine, model);
            case Provider.Remote _ -> Head.none("");
        };
    }

    private Head head(ModelFile file, EngineOptions engine, TomlTable model) {
        var head = switch (file) {
            case ModelFile.Missing(var message) -> Head.none(message);
            case ModelFile.Found(var path) -> {
                try {
                    var header = GgufHeader.read(path);
                    yield new Head(header, header.memoryFor(engine.tokens(header.contextLength())), "");
                } catch (NoSuchFileException _) {
                    yield Head.none(path + " is not there");
                } catch (IOException e) {
                    yield Head.none(path + " is no GGUF file that can be used: " + e.getMessage());
                }
            }
        };
        if (head.header() == null) {
            warnings.add(model.name("provider"), (JsonNode) null, head.reason());
        }
        return head;
    }

    private DataSize memory(Needs needs, Provider provider, Head file, TomlTable model) {
        var header = file.header();
        if (needs.memory() != null) {
            if (header != null && needs.memory().bytes() < header.fileBytes()) {
                warnings.add(
                        model.name("resource_requirements") + ".min_memory_mb",
                        LongNode.valueOf(needs.memory().megabytes()),
                        "is less than the model's file has, " + new DataSize(header.fileBytes()).megabytes()
                                + " MB; left out, it is estimated");
            }
            return needs.memory();
        }
        if (header == null && !(provider instanceof Provider.Remote) && !needs.wrong()) {
            boolean section = model.has("resource_requirements");
            model.problems()
                    .add(
                            model.name("resource_requirements") + (section ? ".min_memory_mb" : ""),
                            (JsonNode) null,
                            "is missing, and " + (section ? "" : "its min_memory_mb ") + "cannot be estimated, since "
                                    + file.reason());
        }
        return file.memory();
    }

    private static Set<ModelCapability> capabilities(TomlTable model) {
        var names = model.texts("capabilities").orElse(List.of());
        if (!model.has("capabilities") || (names.isEmpty() && model.isArray("capabilities"))) {
            model.problem("capabilities", "must name at least one of " + Suggestion.list(CAPABILITIES));
        }
        var capabilities = EnumSet.noneOf(ModelCapability.class);
        for (int i = 0; i < names.size(); i++) {
            var capability = ModelCapability.of(names.get(i));
            if (capability.isPresent()) {
                capabilities.add(capability.get());
            } else if (model.isText("capabilities", i)) {
                var suggestion = Suggestion.of(names.get(i), CAPABILITIES);
                model.problems()
                        .add(
                                model.name("capabilities") + "[" + i + "]",
                                names.get(i),
                                "unknown capability" + suggestion);
            }
        }
        return capabilities;
    }

    private static Needs needs(TomlTable table) {
        try (table) {
            return new Needs(
                    ProfileReader.size(table, "min_memory_mb", 1).orElse(null),
                    table.positive("preferred_cpu_cores", ProfileReader.MOST_CORES)
                            .orElse(0),
                    table.table("gpu_requirements").map(ModelReader::gpu).orElse(null),
                    table.has("min_memory_mb"));
        }
    }

    private EngineOptions engine(TomlTable table) {
        try (table) {
            var profile = table.text("sandbox_profile");
            profile.ifPresent(name -> engineProfiles.put(table.name("sandbox_profile"), name));
            return new EngineOptions(
                    table.flag("pin").orElse(false),
                    number(table, "context_tokens", MOST_CONTEXT),
                    number(table, "slots", MOST_SLOTS),
                    profile.orElse(null));
        }
    }

    private static @Nullable Integer number(TomlTable table, String key, int most) {
        var number = table.whole(key, 1, most);
        return number.isPresent() ? (Integer) (int) number.getAsLong() : null;
    }

    private static GpuRequirements gpu(TomlTable table) {
        try (table) {
            if (!table.has("min_vram_mb")) {
                table.problem("min_vram_mb", "is missing");
            }
            return new GpuRequirements(
                    ProfileReader.size(table, "min_vram_mb", 1).orElse(new DataSize(0)),
                    table.positive("compute_capability", MOST_CAPABILITY).orElse(0));
        }
    }
}
