package dev.ringfence.catalog;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Reads and checks a whole file, by hand from the parsed tree, so that every error can name its key. */
final class CatalogReader {
    static final int MOST_ID = 200;
    private static final TomlMapper TOML = new TomlMapper();

    private final Problems problems = new Problems();
    private final Problems warnings = new Problems();
    private final ModelReader modelReader;
    private final ModelNames names = new ModelNames(problems);
    private final Map<String, Set<String>> modelsOfAgents = new LinkedHashMap<>();
    private final Map<String, SandboxProfile> profiles = new LinkedHashMap<>();

    /** The key of each model's video memory. */
    private final Map<Model, String> gpuKeys = new LinkedHashMap<>();

    private final Path directory;
    private final ProfileCheck profileCheck;
    private final Map<String, AgentGrants> grants = new LinkedHashMap<>();

    private CatalogReader(Path directory, ProfileCheck profileCheck, boolean trusted) {
        this.directory = directory;
        this.profileCheck = profileCheck;
        modelReader = new ModelReader(new ProviderReader(directory, trusted), warnings);
        profiles.put(BuiltInProfiles.SECURE.name(), BuiltInProfiles.SECURE);
        profiles.put(BuiltInProfiles.STANDARD.name(), BuiltInProfiles.STANDARD);
    }

    static Catalog load(Path file, ProfileCheck profileCheck) {
        var source = file.toString();
        var toml = CatalogFile.read(file);
        var root = tree(toml, source);
        if (root.isEmpty()) {
            // Whoever writes it anew may have emptied it first, and nothing in it would mean that all is allowed.
            throw CatalogException.ofWhole(
                    source,
                    "the file has no key, so it says nothing; where there is to be no catalog, name none",
                    null);
        }
        var directory = file.toAbsolutePath().getParent();
        return read(root, source, directory == null ? file.toAbsolutePath() : directory, profileCheck);
    }

    /**
     * @param directory absolute; where relative model files are
     */
    static Catalog read(String toml, String source, Path directory, ProfileCheck profileCheck) {
        return read(tree(toml, source), source, directory, profileCheck);
    }

    private static Catalog read(ObjectNode root, String source, Path directory, ProfileCheck profileCheck) {
        var reader = new CatalogReader(directory, profileCheck, true);
        var catalog = reader.catalog(new TomlTable("", root, reader.problems));
        if (catalog.isEmpty()) {
            throw new CatalogException(source, reader.problems.all(), null);
        }
        return catalog.get();
    }

    /** A catalog with one more model, whose keys are those of a model in the file. */
    static Catalog add(Catalog catalog, ObjectNode addition, String source) {
        var reader = new CatalogReader(catalog.directory(), ProfileCheck.NONE, false);
        catalog.models().forEach(model -> reader.names.add(model, catalog.ofFile(model)));
        catalog.profiles().forEach(profile -> reader.profiles.put(profile.name(), profile));
        reader.model(new TomlTable("", addition, reader.problems));
        var models = reader.names.complete();
        reader.checkProfiles();
        reader.checkGpus(catalog.defaultProfile());
        if (!reader.problems.all().isEmpty()) {
            throw new CatalogException(source, reader.problems.all(), null);
        }
        var warnings = new ArrayList<>(catalog.warnings());
        warnings.addAll(reader.warnings.all());
        return catalog.with(models, warnings);
    }

    private static ObjectNode tree(String toml, String source) {
        try {
            return TOML.readTree(toml) instanceof ObjectNode table ? table : TOML.createObjectNode();
        } catch (JsonProcessingException e) {
            var mistake = TomlMistake.of(toml, e);
            throw CatalogException.ofWhole(
                    source, "not valid TOML in " + mistake.place() + ": " + mistake.message(), e);
        }
    }

    private Optional<Catalog> catalog(TomlTable root) {
        var slm = root.table("slm").orElseGet(() -> new TomlTable("slm", TOML.createObjectNode(), problems));
        var enabled = slm.flag("enabled").orElse(true);
        var defaultProfile = slm.text("default_sandbox_profile").orElse(BuiltInProfiles.SECURE.name());
        var overrides = slm.table("model_allow_lists").map(this::allowLists).orElse(false);
        var models = names.complete();
        slm.table("sandbox_profiles").ifPresent(this::profiles);
        checkProfiles();
        var profile = profiles.get(defaultProfile);
        if (profile == null) {
            slm.problem(
                    "default_sandbox_profile",
                    "no such profile; define [slm.sandbox_profiles." + Problems.keyPart(defaultProfile)
                            + "] or name another" + Suggestion.of(defaultProfile, profiles.keySet()));
        }
        if (profile != null) {
            checkGpus(profile);
        }
        slm.close();
        var restricted = root.table("agents");
        restricted.ifPresent(this::grants);
        root.close();
        return profile == null || !problems.all().isEmpty()
                ? Optional.empty()
                : Optional.of(new Catalog(
                        enabled,
                        overrides,
                        profile,
                        models,
                        models.stream().map(Model::reference).collect(Collectors.toSet()),
                        modelsOfAgents,
                        profiles,
                        restricted.map(_ -> grants),
                        warnings.all(),
                        directory));
    }

    private boolean allowLists(TomlTable lists) {
        try (lists) {
            lists.tables("global_models").forEach(this::model);
            lists.table("agent_model_maps").ifPresent(this::agents);
            return lists.flag("allow_runtime_overrides").orElse(false);
        }
    }

    private void model(TomlTable model) {
        try (model) {
            if (!model.has("id")) {
                model.problem("id", "is missing; agents ask for a model by its id");
            }
            var id = model.text("id").orElse("");
            var version = model.text("version").orElse("");
            if (model.isText("id")) {
                checkModelName(model.name("id"), id);
            }
            if (model.isText("version")) {
                checkModelName(model.name("version"), version);
            }
            var aliases = model.texts("aliases").orElse(List.of());
            for (int i = 0; i < aliases.size(); i++) {
                if (model.isText("aliases", i)) {
                    checkModelName(model.name("aliases") + "[" + i + "]", aliases.get(i));
                }
            }
            var called =
                    new ModelNames.Called(id, version, model.flag("default").orElse(false), aliases);
            names.claim(model, called);
            modelReader.read(called, model).ifPresent(read -> {
                names.add(read);
                if (read.requirements().gpu() != null) {
                    gpuKeys.put(read, model.name("resource_requirements") + ".gpu_requirements.min_vram_mb");
                }
            });
        }
    }

    /** What a model asks of a GPU that its engine does not get. */
    private void checkGpus(SandboxProfile defaultProfile) {
        gpuKeys.forEach((model, key) -> {
            var named = model.engine().sandboxProfile();
            var profile = named == null ? defaultProfile : profiles.getOrDefault(named, defaultProfile);
            var asked = LongNode.valueOf(
                    Objects.requireNonNull(model.requirements().gpu()).minVram().megabytes());
            if (model.provider() instanceof Provider.Remote) {
                warnings.add(key, asked, "has no effect, since the model runs elsewhere; leave it out");
            } else if (profile.resources().gpu() instanceof SandboxProfile.GpuAccess.None) {
                warnings.add(
                        key,
                        asked,
                        "has no effect: the profile of the model's engine, " + profile.name()
                                + ", gives no GPU, so it runs"
                                + " on processors; name a profile whose resources.gpu_access is Exclusive in"
                                + " engine.sandbox_profile, or leave it out");
            }
        });
    }

    private void agents(TomlTable agents) {
        for (var agent : agents.keys()) {
            checkName(agents.name(agent), agent);
            var granted = new LinkedHashSet<String>();
            var ids = agents.texts(agent).orElse(List.of());
            for (int i = 0; i < ids.size(); i++) {
                if (!names.claimed(ids.get(i)) && agents.isText(agent, i)) {
                    problems.add(
                            agents.name(agent) + "[" + i + "]",
                            ids.get(i),
                            "maps the agent to an unknown model" + Suggestion.of(ids.get(i), names.known()));
                }
                granted.add(names.reference(ids.get(i)));
            }
            modelsOfAgents.put(agent, Collections.unmodifiableSet(granted));
        }
    }

    /** Engines run in profiles, which the file may define after the models. */
    private void checkProfiles() {
        modelReader.engineProfiles().forEach((key, name) -> {
            if (!profiles.containsKey(name)) {
                problems.add(key, name, "no such sandbox profile" + Suggestion.of(name, profiles.keySet()));
            }
        });
    }

    private void grants(TomlTable agents) {
        for (var agent : agents.keys()) {
            checkName(agents.name(agent), agent);
            agents.table(agent)
                    .ifPresent(table -> grants.put(agent, AgentReader.read(agent, table, profiles.keySet())));
        }
    }

    private void profiles(TomlTable tables) {
        for (var name : tables.keys()) {
            checkName(tables.name(name), name);
            tables.table(name)
                    .ifPresentOrElse(
                            table -> profiles.put(name, profile(name, table)),
                            () -> profiles.put(name, BuiltInProfiles.defaultsFor(name)));
        }
    }

    private SandboxProfile profile(String name, TomlTable table) {
        var profile = ProfileReader.read(name, table);
        for (var problem : profileCheck.wrongWithSyscalls(profile)) {
            problems.add(table.name("process_limits") + ".allowed_syscalls", (JsonNode) null, problem);
        }
        return profile;
    }

    private void checkModelName(String key, String name) {
        if (name.indexOf(Model.VERSION_SEPARATOR) >= 0) {
            problems.add(key, name, "cannot hold @, which stands between a model's id and its version");
        }
        checkName(key, name);
    }

    private void checkName(String key, String name) {
        if (name.isBlank()) {
            problems.add(key, name, "cannot be empty");
        } else if (name.length() > MOST_ID) {
            problems.add(key, name, "is longer than " + MOST_ID + " characters");
        } else if (name.chars().anyMatch(Character::isISOControl)) {
            problems.add(key, name, "cannot hold control characters");
        }
    }
}
