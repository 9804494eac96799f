package dev.ringfence.catalog;

import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
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
    private final Map<String, Model> models;
    private final Map<String, Set<String>> modelsOfAgents;
    private final Map<String, SandboxProfile> profiles;
    private final Optional<Map<String, AgentGrants>> grants;

    /** Everything is checked by then: the default is one of the profiles, and agents map to models that exist. */
    Catalog(
            boolean enabled,
            boolean runtimeOverridesAllowed,
            SandboxProfile defaultProfile,
            Map<String, Model> models,
            Map<String, Set<String>> modelsOfAgents,
            Map<String, SandboxProfile> profiles,
            Optional<Map<String, AgentGrants>> grants) {
        this.enabled = enabled;
        this.runtimeOverridesAllowed = runtimeOverridesAllowed;
        this.defaultProfile = defaultProfile;
        this.models = Collections.unmodifiableMap(new LinkedHashMap<>(models));
        this.modelsOfAgents = Collections.unmodifiableMap(new LinkedHashMap<>(modelsOfAgents));
        this.profiles = Collections.unmodifiableMap(new LinkedHashMap<>(profiles));
        this.grants = grants.map(found -> Collections.unmodifiableMap(new LinkedHashMap<>(found)));
    }

    /**
     * Reads a catalog file. Relative model files in it are meant beside it; none of them is looked for.
     *
     * @throws CatalogException with all that is wrong, also when the file cannot be read
     */
    public static Catalog load(Path file) {
        return CatalogReader.load(file);
    }

    /**
     * Reads a catalog that is no file. Relative model files in it are meant in the working directory.
     *
     * @param source names the text's origin in errors
     * @throws CatalogException with all that is wrong
     */
    public static Catalog parse(String toml, String source) {
        return CatalogReader.read(toml, source, Path.of("").toAbsolutePath());
    }

    /** No models, and the built-in profiles. */
    public static Catalog empty() {
        return parse("", "the empty catalog");
    }

    /** Whether models may be run at all; the entries are there either way. */
    public boolean enabled() {
        return enabled;
    }

    /** Whether a request may name a model or profile other than the configured one. */
    public boolean runtimeOverridesAllowed() {
        return runtimeOverridesAllowed;
    }

    /** In the order of the file. */
    public Collection<Model> models() {
        return models.values();
    }

    public Optional<Model> model(String id) {
        return Optional.ofNullable(models.get(id));
    }

    /** What an agent may use, in the order of the file: all models unless it is mapped to some. */
    public List<Model> modelsFor(String agent) {
        return models.values().stream()
                .filter(model -> mayUse(agent, model.id()))
                .toList();
    }

    public List<Model> modelsWith(ModelCapability capability) {
        return models.values().stream()
                .filter(model -> model.capabilities().contains(capability))
                .toList();
    }

    /** False also for a model that is not in the catalog. */
    public boolean mayUse(String agent, String modelId) {
        var mapped = modelsOfAgents.get(agent);
        return models.containsKey(modelId) && (mapped == null || mapped.contains(modelId));
    }

    /**
     * The model that has all asked capabilities, fits and is allowed, and needs the least memory; of equals the one
     * whose id comes first, so that the same question always has the same answer.
     */
    public Optional<Model> select(Requirements requirements) {
        return models.values().stream()
                .filter(model -> model.capabilities().containsAll(requirements.capabilities()))
                .filter(model -> fits(model, requirements.maxMemory()))
                .filter(model -> requirements.agent() == null || mayUse(requirements.agent(), model.id()))
                .min(Comparator.comparing((Model model) -> model.requirements().minMemory())
                        .thenComparing(Model::id));
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

    public Statistics statistics() {
        var byCapability = new EnumMap<ModelCapability, Integer>(ModelCapability.class);
        var byProvider = new TreeMap<String, Integer>();
        var bytes = 0L;
        for (var model : models.values()) {
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
