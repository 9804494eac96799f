package dev.ringfence.catalog;

import dev.ringfence.catalog.ResourceRequirements.GpuRequirements;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads one {@code [[slm.model_allow_lists.global_models]]}. */
final class ModelReader {
    private static final List<String> CAPABILITIES = Arrays.stream(ModelCapability.values())
            .map(ModelCapability::externalName)
            .toList();

    /** Each provider and its one key. */
    private static final Map<String, String> PROVIDERS = providers();

    private static final int MOST_CAPABILITY = 1_000;

    /** Where relative model files are. */
    private final Path directory;

    ModelReader(Path directory) {
        this.directory = directory;
    }

    /** Empty when something is wrong, which then has been reported; {@code id} has been checked. */
    Optional<Model> read(String id, TomlTable model) {
        var provider = provider(model);
        var capabilities = capabilities(model);
        var name = model.text("name").orElse(id);
        if (model.isText("name") && (name.isBlank() || name.chars().anyMatch(Character::isISOControl))) {
            model.problem("name", "must be a readable name; without one the id is shown");
        }
        var requirements = model.table("resource_requirements").map(ModelReader::requirements);
        if (!model.has("resource_requirements")) {
            model.problem("resource_requirements", "is missing; it holds min_memory_mb and preferred_cpu_cores");
        }
        return provider == null || requirements.isEmpty()
                ? Optional.empty()
                : Optional.of(new Model(id, name, provider, capabilities, requirements.get()));
    }

    private @Nullable Provider provider(TomlTable model) {
        if (!model.has("provider")) {
            model.problem("provider", "is missing; such as { LocalFile = { file_path = \"model.gguf\" } }");
        }
        var choice = model.table("provider");
        if (choice.isEmpty()) {
            return null;
        }
        var names = choice.get().keys();
        if (names.size() != 1) {
            model.problem("provider", "must hold exactly one of " + Suggestion.list(PROVIDERS.keySet()));
            return null;
        }
        var name = names.getFirst();
        var key = PROVIDERS.get(name);
        if (key == null) {
            choice.get().problem(name, "unknown provider" + Suggestion.of(name, PROVIDERS.keySet()));
            return null;
        }
        var settings = choice.get().table(name);
        return settings.isEmpty() ? null : provider(name, key, settings.get());
    }

    private @Nullable Provider provider(String name, String key, TomlTable settings) {
        try (settings) {
            if (!settings.has(key)) {
                settings.problem(key, "is missing");
            }
            var text = settings.text(key);
            if (text.isEmpty()) {
                return null;
            }
            if (text.get().isBlank() || text.get().chars().anyMatch(Character::isISOControl)) {
                settings.problem(key, "cannot be empty or hold control characters");
                return null;
            }
            return switch (name) {
                case "LocalFile" -> localFile(settings, key, text.get());
                case "HuggingFace" -> new Provider.HuggingFace(text.get());
                case "OpenAI" -> new Provider.OpenAI(text.get());
                case "Anthropic" -> new Provider.Anthropic(text.get());
                default -> custom(settings, key, text.get());
            };
        }
    }

    private @Nullable Provider localFile(TomlTable settings, String key, String text) {
        try {
            return new Provider.LocalFile(directory.resolve(text).normalize());
        } catch (InvalidPathException e) {
            settings.problem(key, "is no path on this host: " + e.getReason());
            return null;
        }
    }

    private static @Nullable Provider custom(TomlTable settings, String key, String text) {
        try {
            var url = new URI(text);
            if (("http".equals(url.getScheme()) || "https".equals(url.getScheme())) && url.getHost() != null) {
                return new Provider.Custom(url);
            }
        } catch (URISyntaxException _) {
            // Reported below, as any other malformed URL.
        }
        settings.problem(key, "must be an http or https URL with a host, such as http://127.0.0.1:8080/v1");
        return null;
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

    private static ResourceRequirements requirements(TomlTable table) {
        try (table) {
            for (var key : List.of("min_memory_mb", "preferred_cpu_cores")) {
                if (!table.has(key)) {
                    table.problem(key, "is missing");
                }
            }
            return new ResourceRequirements(
                    ProfileReader.size(table, "min_memory_mb", 1).orElse(new DataSize(0)),
                    table.positive("preferred_cpu_cores", ProfileReader.MOST_CORES)
                            .orElse(0),
                    table.table("gpu_requirements").map(ModelReader::gpu).orElse(null));
        }
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

    private static Map<String, String> providers() {
        var providers = new LinkedHashMap<String, String>();
        providers.put("LocalFile", "file_path");
        providers.put("HuggingFace", "model_path");
        providers.put("OpenAI", "model_name");
        providers.put("Anthropic", "model_name");
        providers.put("Custom", "endpoint_url");
        return providers;
    }
}
