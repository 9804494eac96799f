package dev.ringfence.catalog;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads and checks a whole file, by hand from the parsed tree, so that every error can name its key. */
final class CatalogReader {
    private static final int MOST_ID = 200;
    private static final TomlMapper TOML = new TomlMapper();

    private final Problems problems = new Problems();
    private final ModelReader modelReader;
    private final Map<String, Model> models = new LinkedHashMap<>();
    private final Map<String, Set<String>> modelsOfAgents = new LinkedHashMap<>();
    private final Map<String, SandboxProfile> profiles = new LinkedHashMap<>();
    private final Map<String, AgentGrants> grants = new LinkedHashMap<>();

    /** Where each id was seen first, also of models that have other errors. */
    private final Map<String, String> seenIds = new HashMap<>();

    private CatalogReader(Path directory) {
        modelReader = new ModelReader(directory);
        profiles.put(BuiltInProfiles.SECURE.name(), BuiltInProfiles.SECURE);
        profiles.put(BuiltInProfiles.STANDARD.name(), BuiltInProfiles.STANDARD);
    }

    static Catalog load(Path file) {
        var absolute = file.toAbsolutePath();
        try {
            var directory = absolute.getParent();
            return read(Files.readString(absolute), file.toString(), directory == null ? absolute : directory);
        } catch (NoSuchFileException e) {
            throw unreadable(file.toString(), "there is no such file", e);
        } catch (CharacterCodingException e) {
            throw unreadable(file.toString(), "the file is not UTF-8 text", e);
        } catch (IOException e) {
            throw unreadable(file.toString(), "the file cannot be read: " + e, e);
        }
    }

    /**
     * @param directory absolute; where relative model files are
     */
    static Catalog read(String toml, String source, Path directory) {
        var root = tree(toml, source);
        var reader = new CatalogReader(directory);
        var catalog = reader.catalog(new TomlTable("", root, reader.problems));
        if (catalog.isEmpty()) {
            throw new CatalogException(source, reader.problems.all(), null);
        }
        return catalog.get();
    }

    private static ObjectNode tree(String toml, String source) {
        try {
            return TOML.readTree(toml) instanceof ObjectNode table ? table : TOML.createObjectNode();
        } catch (JsonProcessingException e) {
            var at = e.getLocation();
            var where = at == null ? "" : " in line " + at.getLineNr() + ", column " + at.getColumnNr();
            throw unreadable(source, "not valid TOML" + where + ": " + e.getOriginalMessage(), e);
        }
    }

    private static CatalogException unreadable(String source, String message, Exception cause) {
        return new CatalogException(source, List.of(new Problem("", "", message)), cause);
    }

    private Optional<Catalog> catalog(TomlTable root) {
        var slm = root.table("slm").orElseGet(() -> new TomlTable("slm", TOML.createObjectNode(), problems));
        var enabled = slm.flag("enabled").orElse(true);
        var defaultProfile = slm.text("default_sandbox_profile").orElse(BuiltInProfiles.SECURE.name());
        var overrides = slm.table("model_allow_lists").map(this::allowLists).orElse(false);
        slm.table("sandbox_profiles").ifPresent(this::profiles);
        var profile = profiles.get(defaultProfile);
        if (profile == null) {
            slm.problem(
                    "default_sandbox_profile",
                    "no such profile; define [slm.sandbox_profiles." + Problems.keyPart(defaultProfile)
                            + "] or name another" + Suggestion.of(defaultProfile, profiles.keySet()));
        }
        slm.close();
        var restricted = root.table("agents");
        restricted.ifPresent(this::grants);
        root.close();
        return profile == null || !problems.all().isEmpty()
                ? Optional.empty()
                : Optional.of(new Catalog(
                        enabled, overrides, profile, models, modelsOfAgents, profiles, restricted.map(_ -> grants)));
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
            if (model.isText("id")) {
                checkName(model.name("id"), id);
                var first = seenIds.putIfAbsent(id, model.name("id"));
                if (first != null) {
                    model.problem("id", "is already the id of " + first + "; every model needs its own");
                }
            }
            modelReader.read(id, model).ifPresent(read -> models.putIfAbsent(id, read));
        }
    }

    private void agents(TomlTable agents) {
        for (var agent : agents.keys()) {
            checkName(agents.name(agent), agent);
            var ids = agents.texts(agent).orElse(List.of());
            for (int i = 0; i < ids.size(); i++) {
                if (!seenIds.containsKey(ids.get(i)) && agents.isText(agent, i)) {
                    problems.add(
                            agents.name(agent) + "[" + i + "]",
                            ids.get(i),
                            "maps the agent to an unknown model" + Suggestion.of(ids.get(i), models.keySet()));
                }
            }
            modelsOfAgents.put(agent, Collections.unmodifiableSet(new LinkedHashSet<>(ids)));
        }
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
            var table = tables.table(name);
            profiles.put(
                    name,
                    table.map(found -> ProfileReader.read(name, found)).orElse(BuiltInProfiles.defaultsFor(name)));
        }
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
