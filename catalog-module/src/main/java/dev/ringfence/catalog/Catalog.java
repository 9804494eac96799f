package dev.ringfence.catalog;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Models, which agents may use them, and sandbox profiles. Immutable: any thread may use it, and a changed file is a
 * new catalog.
 */
public final class Catalog {
    private final boolean enabled;
    private final boolean runtimeOverridesAllowed;
    private final SandboxProfile defaultProfile;
    private final List<Model> models;

    /** The references of the models that stand in the file: no other is one that an agent can be mapped to. */
    private final Set<String> ofFile;

    private final Map<String, Set<String>> modelsOfAgents;
    private final Map<String, SandboxProfile> profiles;
    private final List<Problem> warnings;
    private final Path directory;

    /** Ids that mean their default version, aliases, and references to versions. */
    private final Map<String, Model> names = new HashMap<>();

    private final Optional<Map<String, AgentGrants>> grants;

    /** Everything is checked by then: the default is one of the profiles, and agents map to models that exist. */
    Catalog(
            boolean enabled,
            boolean runtimeOverridesAllowed,
            SandboxProfile defaultProfile,
            List<Model> models,
            Set<String> ofFile,
            Map<String, Set<String>> modelsOfAgents,
            Map<String, SandboxProfile> profiles,
            Optional<Map<String, AgentGrants>> grants,
            List<Problem> warnings,
            Path directory) {
        this.enabled = enabled;
        this.runtimeOverridesAllowed = runtimeOverridesAllowed;
        this.defaultProfile = defaultProfile;
        this.models = List.copyOf(models);
        this.ofFile = Set.copyOf(ofFile);
        this.warnings = List.copyOf(warnings);
        this.directory = directory;
        for (var model : models) {
            names.put(model.reference(), model);
            model.aliases().forEach(alias -> names.put(alias, model));
            if (model.isDefault()) {
                names.put(model.id(), model);
            }
        }
        this.modelsOfAgents = Collections.unmodifiableMap(new LinkedHashMap<>(modelsOfAgents));
        this.profiles = Collections.unmodifiableMap(new LinkedHashMap<>(profiles));
        this.grants = grants.map(found -> Collections.unmodifiableMap(new LinkedHashMap<>(found)));
    }

    /**
     * Reads a catalog file, and the head of each model's file that is there. Relative model files are meant beside it.
     *
     * @param profileCheck finds what is wrong with profiles beyond their form
     * @throws CatalogException with all that is wrong, also when the file cannot be read
     */
    public static Catalog load(Path file, ProfileCheck profileCheck) {
        return CatalogReader.load(file, profileCheck);
    }

    /**
     * Reads a catalog that is no file. Relative model files in it are meant in the working directory.
     *
     * @param source names the text's origin in errors
     * @throws CatalogException with all that is wrong
     */
    public static Catalog parse(String toml, String source) {
        return CatalogReader.read(toml, source, Path.of("").toAbsolutePath(), ProfileCheck.NONE);
    }

    /** No models, and the built-in profiles. */
    public static Catalog empty() {
        return parse("", "the empty catalog");
    }

    /** Whether models may be run at all; the entries are there either way. */
    public boolean enabled() {
        return enabled;
    }

    /** Whether administrators may add and remove models while the service runs. */
    public boolean runtimeOverridesAllowed() {
        return runtimeOverridesAllowed;
    }

    /**
     * A catalog with one more model.
     *
     * @param model with the keys that a model has in the file. It is a file of this host, and takes the place of no model
     *     of the catalog's file: who may add models is thereby trusted neither with the service's secrets and network nor
     *     with what agents are mapped to
     * @throws CatalogException with all that is wrong, each with its key within the model
     */
    public Catalog with(ObjectNode model) {
        return CatalogReader.add(this, model, "the model");
    }

    Catalog with(List<Model> others, List<Problem> othersWarnings) {
        return new Catalog(
                enabled,
                runtimeOverridesAllowed,
                defaultProfile,
                others,
                ofFile,
                modelsOfAgents,
                profiles,
                grants,
                othersWarnings,
                directory);
    }

    /** In the order of the file, each version for itself. */
    public Collection<Model> models() {
        return models;
    }

    /**
     * The model of a name: an id, which means its default version, an alias, or {@code id@version}.
     */
    public Optional<Model> model(String name) {
        return Optional.ofNullable(names.get(name));
    }

    /** What keeps nobody from using the catalog, but will probably fail jobs: such as a model's file that is not there. */
    public List<Problem> warnings() {
        return warnings;
    }

    Path directory() {
        return directory;
    }

    boolean ofFile(Model model) {
        return ofFile.contains(model.reference());
    }

    /** What an agent may use, in the order of the file: all models unless it is mapped to some of the file's. */
    public List<Model> modelsFor(String agent) {
        return models.stream().filter(model -> granted(agent, model)).toList();
    }

    /** False also for a name that means no model of the catalog. */
    public boolean mayUse(String agent, String name) {
        return model(name).map(model -> granted(agent, model)).orElse(false);
    }

    private boolean granted(String agent, Model model) {
        var mapped = modelsOfAgents.get(agent);
        return mapped == null || (ofFile(model) && (mapped.contains(model.id()) || mapped.contains(model.reference())));
    }

    /**
     * The model that has all asked capabilities, fits and is allowed, and needs the least memory; of equals the one
     * whose id comes first, so that the same question always has the same answer. Of a model's versions only the default
     * one is taken, and those that an agent is mapped to by name.
     */
    public Optional<Model> select(Requirements requirements) {
        return models.stream()
                .filter(model -> model.capabilities().containsAll(requirements.capabilities()))
                .filter(model -> fits(model, requirements.maxMemory()))
                .filter(model -> selectable(model, requirements.agent()))
                .min(Comparator.comparing((Model model) -> model.requirements().minMemory())
                        .thenComparing(Model::id)
                        .thenComparing(Model::version));
    }

    private boolean selectable(Model model, @Nullable String agent) {
        if (agent == null) {
            return model.isDefault();
        }
        var mapped = modelsOfAgents.get(agent);
        return granted(agent, model) && (model.isDefault() || (mapped != null && mapped.contains(model.reference())));
    }

    /** In which an engine serves a model. */
    public SandboxProfile engineProfile(Model model) {
        var named = model.engine().sandboxProfile();
        return named == null ? defaultProfile : profile(named).orElse(defaultProfile);
    }

    /** The built-in profiles and those of the file. */
    public Collection<SandboxProfile> profiles() {
        return profiles.values();
    }

    public Optional<SandboxProfile> profile(String name) {
        return Optional.ofNullable(profiles.get(name));
    }

    /** For jobs that name no profile. */
    public SandboxProfile defaultProfile() {
        return defaultProfile;
    }

    /**
     * What an agent may ask for: everything in a catalog without a table {@code [agents]}; with one, what its own table
     * there says, and nothing for an agent that has none.
     */
    public Optional<AgentGrants> grants(String agent) {
        return grants.isEmpty()
                ? Optional.of(AgentGrants.unrestricted(agent))
                : Optional.ofNullable(grants.get().get(agent));
    }

    /** Whether there is a table {@code [agents]}, without which every agent may ask for everything. */
    public boolean restrictsAgents() {
        return grants.isPresent();
    }

    /** Whether there is an agent that may use certain models only. */
    public boolean mapsAgents() {
        return !modelsOfAgents.isEmpty();
    }

    /**
     * What {@code [agents]} grants and there is not. Nobody gets more by it, and what is there is known to the service
     * alone, so the catalog can be used all the same.
     *
     * @param capabilities the names of all there are
     * @param roots the names of all file roots there are
     */
    public List<Problem> unknownGrants(Set<String> capabilities, Set<String> roots) {
        var unknown = new Problems();
        grants.orElse(Map.of()).values().forEach(granted -> {
            var table = "agents." + Problems.keyPart(granted.agent());
            unknown(unknown, table + ".capabilities", granted.capabilities(), capabilities, "capability");
            unknown(unknown, table + ".roots", granted.roots(), roots, "file root");
        });
        return unknown.all();
    }

    private static void unknown(
            Problems found, String key, Optional<Set<String>> named, Set<String> known, String what) {
        named.orElse(Set.of()).stream()
                .filter(name -> !known.contains(name))
                .forEach(name -> found.add(key, name, "there is no such " + what + Suggestion.of(name, known)));
    }

    public Statistics statistics() {
        var byCapability = new EnumMap<ModelCapability, Integer>(ModelCapability.class);
        var byProvider = new TreeMap<String, Integer>();
        var bytes = 0L;
        for (var model : models) {
            model.capabilities().forEach(capability -> byCapability.merge(capability, 1, Integer::sum));
            byProvider.merge(model.provider().externalName(), 1, Integer::sum);
            bytes += model.requirements().minMemory().bytes();
        }
        return new Statistics(
                models.size(), profiles.size(), modelsOfAgents.size(), byCapability, byProvider, new DataSize(bytes));
    }

    private static boolean fits(Model model, @Nullable DataSize maxMemory) {
        return maxMemory == null || model.requirements().minMemory().compareTo(maxMemory) <= 0;
    }
}
