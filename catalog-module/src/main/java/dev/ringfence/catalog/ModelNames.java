package dev.ringfence.catalog;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The models of a catalog while it is read, and what each of them is called: no name may mean two of them. */
final class ModelNames {
    private final Problems problems;
    private final List<Model> models = new ArrayList<>();

    /** Where each reference was seen first, also of models that have other errors. */
    private final Map<String, String> references = new HashMap<>();

    /** The versions of each id, the empty one for none. */
    private final Map<String, Set<String>> versions = new LinkedHashMap<>();

    /** Each alias and what it means. */
    private final Map<String, String> aliases = new HashMap<>();

    /** Where a model says that it is the default of its id; empty where an addition may say so again. */
    private final Map<String, String> defaults = new HashMap<>();

    /** Where a version was seen first, for the ids that turn out to have several. */
    private final Map<String, String> firstKeys = new HashMap<>();

    ModelNames(Problems problems) {
        this.problems = problems;
    }

    /**
     * What a model is called.
     *
     * @param id empty when it has none that could be read
     * @param version empty for none
     * @param isDefault whether it says that the id means it
     */
    record Called(String id, String version, boolean isDefault, List<String> aliases) {}

    /** Takes the names of a model that is about to be read. */
    void claim(TomlTable model, Called called) {
        var id = called.id();
        var version = called.version();
        var others = called.aliases();
        var reference = version.isEmpty() ? id : id + Model.VERSION_SEPARATOR + version;
        var key = model.name(version.isEmpty() ? "id" : "version");
        if (!id.isEmpty()) {
            var first = references.putIfAbsent(reference, key);
            if (first != null) {
                model.problem(
                        version.isEmpty() ? "id" : "version",
                        "is already the " + (version.isEmpty() ? "id" : "version") + " of " + first
                                + "; every model needs its own id, and each version of a model its own version");
            }
            if (aliases.containsKey(id)) {
                model.problem("id", "is already an alias of " + aliases.get(id));
            }
            versions.computeIfAbsent(id, _ -> new LinkedHashSet<>()).add(version);
            firstKeys.putIfAbsent(id, model.name("id"));
            if (called.isDefault()) {
                claimDefault(model, id);
            }
        }
        for (int i = 0; i < others.size(); i++) {
            var alias = others.get(i);
            var taken = aliases.putIfAbsent(alias, reference);
            if (taken != null || versions.containsKey(alias)) {
                problems.add(
                        model.name("aliases") + "[" + i + "]",
                        alias,
                        "is already " + (taken == null ? "the id of a model" : "an alias of " + taken));
            }
        }
    }

    private void claimDefault(TomlTable table, String id) {
        var first = defaults.putIfAbsent(id, table.name("default"));
        if (first != null && !first.isEmpty()) {
            table.problem("default", "is already said by " + first + "; an id can mean one version only");
        } else if (first != null) {
            // The addition takes over from another one.
            models.replaceAll(model -> model.id().equals(id) ? model.asDefault(false) : model);
        }
    }

    /** One whose names have been claimed. */
    void add(Model read) {
        models.add(read);
    }

    /** One that has been checked before. What an id of the file means, only the file can say. */
    void add(Model known, boolean ofFile) {
        references.put(known.reference(), "a model that is there");
        versions.computeIfAbsent(known.id(), _ -> new LinkedHashSet<>()).add(known.version());
        firstKeys.putIfAbsent(known.id(), "id");
        known.aliases().forEach(alias -> aliases.put(alias, known.reference()));
        if (known.isDefault()) {
            defaults.put(known.id(), ofFile ? "the catalog file for " + known.reference() : "");
        }
        models.add(known);
    }

    /** Whether a name means a model, also one that has other errors. */
    boolean claimed(String name) {
        return versions.containsKey(name) || references.containsKey(name) || aliases.containsKey(name);
    }

    /** Ids and aliases, for suggestions. */
    Collection<String> known() {
        var known = new LinkedHashSet<>(versions.keySet());
        known.addAll(aliases.keySet());
        return known;
    }

    /** What a name means, with aliases resolved. */
    String reference(String name) {
        return aliases.getOrDefault(name, name);
    }

    /** All models, once each id means one of its versions; what is wrong has been reported otherwise. */
    List<Model> complete() {
        versions.forEach((id, all) -> {
            if (all.size() == 1) {
                models.replaceAll(model -> model.id().equals(id) ? model.asDefault(true) : model);
            } else if (all.contains("")) {
                problems.add(firstKeys.getOrDefault(id, ""), id, "is there several times; each needs a version");
            } else if (!defaults.containsKey(id)) {
                problems.add(
                        firstKeys.getOrDefault(id, ""),
                        id,
                        "has the versions " + Suggestion.list(all) + "; one of them must say default = true");
            }
        });
        return models;
    }
}
