package dev.ringfence.runner.capability;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import dev.ringfence.catalog.TomlMistake;
import dev.ringfence.runner.capability.Manifest.Parameter;
import dev.ringfence.runner.files.FileRoots;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Reads a manifest and tells all that is wrong with it at once. Used once, by one thread. */
final class ManifestReader {
    private static final TomlMapper TOML = new TomlMapper();
    private static final long LARGEST = 1 << 20;
    private static final Pattern NAME = Pattern.compile("[A-Z][A-Za-z0-9]{0,63}");
    private static final Pattern PARAMETER = Pattern.compile("[a-z][a-z0-9_]{0,40}");
    private static final Pattern TIME = Pattern.compile("([1-9][0-9]{0,5})(ms|s|m|h)");
    private static final Set<String> KEYS =
            Set.of("name", "description", "argv", "profile", "deadline", "repeatable", "output", "parameters");
    private static final Map<String, Set<String>> KEYS_OF_TYPES = Map.of(
            "string", Set.of("pattern", "max_length"),
            "integer", Set.of("minimum", "maximum"),
            "boolean", Set.of("flag"),
            "enum", Set.of("values"),
            "path", Set.of("root", "access"));

    private final String file;
    private final TomlLines lines;
    private final List<String> errors = new ArrayList<>();

    private ManifestReader(String file, String document) {
        this.file = file;
        this.lines = new TomlLines(document);
    }

    /**
     * @throws ManifestException when it cannot be read, or says what cannot be
     */
    static Manifest read(Path path) {
        try {
            if (Files.size(path) > LARGEST) {
                throw new ManifestException(List.of(path + ":1: the file has more than " + LARGEST + " bytes"));
            }
            return parse(path.toString(), Files.readString(path));
        } catch (IOException e) {
            throw new ManifestException(List.of(path + ":1: the file cannot be read: " + e));
        }
    }

    static Manifest parse(String file, String document) {
        JsonNode tree;
        try {
            tree = TOML.readTree(document);
        } catch (JsonProcessingException e) {
            var mistake = TomlMistake.of(document, e);
            throw new ManifestException(List.of(file + ":" + mistake.line() + ": it is no TOML: " + mistake.message()));
        }
        var reader = new ManifestReader(file, document);
        var manifest = reader.manifest(tree);
        if (!reader.errors.isEmpty()) {
            throw new ManifestException(reader.errors);
        }
        return manifest;
    }

    private Manifest manifest(JsonNode tree) {
        known(tree, "", Set.of("capability"));
        var json = tree.path("capability");
        if (!json.isObject()) {
            wrong("capability", "there is no table [capability]");
            return new Manifest("", "", List.of(), Map.of(), Optional.empty(), Optional.empty(), false, false);
        }
        known(json, "capability.", KEYS);
        var name = text(json, "capability.", "name", true);
        if (!name.isEmpty() && !NAME.matcher(name).matches()) {
            wrong("capability.name", "\"" + name + "\" must begin with a capital and have letters and digits only");
        }
        var parameters = parameters(json.path("parameters"));
        var output = text(json, "capability.", "output", false);
        if (!Set.of("", "text", "json").contains(output)) {
            wrong("capability.output", "\"" + output + "\" must be text or json");
        }
        var profile = text(json, "capability.", "profile", false);
        return new Manifest(
                name,
                text(json, "capability.", "description", true),
                argv(json.path("argv"), parameters),
                parameters,
                Optional.of(profile).filter(value -> !value.isEmpty()),
                deadline(json),
                flag(json, "capability.", "repeatable"),
                output.equals("json"));
    }

    private Optional<Duration> deadline(JsonNode json) {
        var text = text(json, "capability.", "deadline", false);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        var time = TIME.matcher(text);
        if (!time.matches()) {
            wrong("capability.deadline", "\"" + text + "\" must be a time such as 500ms, 30s, 5m or 1h");
            return Optional.empty();
        }
        long amount = Long.parseLong(time.group(1));
        var duration = switch (time.group(2)) {
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            default -> Duration.ofHours(amount);
        };
        if (duration.compareTo(Duration.ofDays(1)) > 0) {
            wrong("capability.deadline", "\"" + text + "\" is longer than 24h");
        }
        return Optional.of(duration);
    }

    private List<List<String>> argv(JsonNode json, Map<String, Parameter> parameters) {
        var groups = new ArrayList<List<String>>();
        if (!json.isArray() || json.isEmpty()) {
            wrong("capability.argv", "it must be an array: the program and its arguments");
            return groups;
        }
        for (var item : json) {
            var group = new ArrayList<String>();
            for (var word : item.isArray() ? item : List.of(item)) {
                if (word.isTextual() && word.textValue().indexOf('\0') < 0) {
                    group.add(word.textValue());
                } else {
                    wrong("capability.argv", "it holds " + word + "; it may hold texts, and arrays of texts");
                }
            }
            if (!group.isEmpty()) {
                groups.add(List.copyOf(group));
            }
        }
        words(groups, parameters);
        return groups;
    }

    private void words(List<List<String>> groups, Map<String, Parameter> parameters) {
        if (groups.isEmpty()) {
            return;
        }
        var program = groups.getFirst();
        if (program.size() != 1
                || !program.getFirst().startsWith("/")
                || !places(program).isEmpty()) {
            wrong("capability.argv", "its first item must be the program's absolute path, and nothing else");
        }
        var used = new HashSet<String>();
        for (var group : groups) {
            for (var place : places(group)) {
                used.add(place);
                if (!parameters.containsKey(place)) {
                    wrong(
                            "capability.argv",
                            "{" + place + "} stands for no parameter; there are " + parameters.keySet());
                }
                if (parameters.get(place) instanceof Parameter.Flag
                        && group.stream()
                                .anyMatch(
                                        word -> word.contains("{" + place + "}") && !word.equals("{" + place + "}"))) {
                    wrong("capability.argv", "{" + place + "} is a boolean, and must be a word of its own");
                }
            }
        }
        parameters.keySet().stream()
                .filter(name -> !used.contains(name))
                .forEach(name -> wrong("capability.parameters." + name, "capability.argv has no {" + name + "}"));
    }

    private static List<String> places(List<String> group) {
        return group.stream()
                .flatMap(word -> Manifest.PLACE.matcher(word).results().map(found -> found.group(1)))
                .toList();
    }

    private Map<String, Parameter> parameters(JsonNode json) {
        var parameters = new LinkedHashMap<String, Parameter>();
        if (!json.isMissingNode() && !json.isObject()) {
            wrong("capability.parameters", "it must be a table of tables");
        }
        json.properties().forEach(entry -> {
            var key = "capability.parameters." + entry.getKey();
            if (!PARAMETER.matcher(entry.getKey()).matches()) {
                wrong(key, "a parameter's name has small letters, digits and _");
            } else if (!entry.getValue().isObject()) {
                wrong(key, "it must be a table");
            } else {
                parameter(entry.getValue(), key + ".").ifPresent(read -> parameters.put(entry.getKey(), read));
            }
        });
        return parameters;
    }

    private Optional<Parameter> parameter(JsonNode json, String at) {
        var type = text(json, at, "type", true);
        var own = KEYS_OF_TYPES.get(type);
        if (own == null) {
            wrong(at + "type", "\"" + type + "\" must be one of string, integer, boolean, enum, path");
            return Optional.empty();
        }
        var all = new HashSet<>(own);
        all.addAll(Set.of("type", "description", "required"));
        known(json, at, all);
        var description = text(json, at, "description", false);
        boolean required = !json.has("required") || flag(json, at, "required");
        return Optional.of(
                switch (type) {
                    case "string" ->
                        new Parameter.Text(description, required, pattern(json, at), (int)
                                number(json, at, "max_length", 1024, 1, 65_536));
                    case "integer" -> whole(json, at, description, required);
                    case "boolean" -> new Parameter.Flag(description, text(json, at, "flag", true));
                    case "enum" -> new Parameter.Choice(description, required, values(json, at));
                    default -> path(json, at, description, required);
                });
    }

    private Parameter whole(JsonNode json, String at, String description, boolean required) {
        long most = 1L << 53;
        long minimum = number(json, at, "minimum", 0, -most, most);
        long maximum = number(json, at, "maximum", most, -most, most);
        if (minimum > maximum) {
            wrong(at + "minimum", minimum + " is above the maximum " + maximum);
        }
        return new Parameter.Whole(description, required, minimum, maximum);
    }

    private Parameter path(JsonNode json, String at, String description, boolean required) {
        var access = text(json, at, "access", false);
        if (!Set.of("", "read", "write").contains(access)) {
            wrong(at + "access", "\"" + access + "\" must be read or write");
        }
        var root = text(json, at, "root", false);
        return new Parameter.Beneath(
                description, required, root.isEmpty() ? FileRoots.WORKSPACE : root, access.equals("write"));
    }

    private Optional<Pattern> pattern(JsonNode json, String at) {
        var text = text(json, at, "pattern", false);
        try {
            return text.isEmpty() ? Optional.empty() : Optional.of(Pattern.compile(text));
        } catch (PatternSyntaxException e) {
            wrong(at + "pattern", "it is no regular expression: " + e.getDescription());
            return Optional.empty();
        }
    }

    private List<String> values(JsonNode json, String at) {
        var values = new ArrayList<String>();
        json.path("values").forEach(value -> {
            if (value.isTextual() && value.textValue().indexOf('\0') < 0) {
                values.add(value.textValue());
            } else {
                wrong(at + "values", "it holds " + value + "; it may hold texts");
            }
        });
        if (values.isEmpty()) {
            wrong(at + "values", "it must be an array of at least one text");
        }
        return values;
    }

    private long number(JsonNode json, String at, String name, long missing, long least, long most) {
        var value = json.get(name);
        if (value == null) {
            return missing;
        }
        if (!value.isIntegralNumber()
                || !value.canConvertToLong()
                || value.longValue() < least
                || value.longValue() > most) {
            wrong(at + name, value + " must be a whole number from " + least + " to " + most);
            return missing;
        }
        return value.longValue();
    }

    private boolean flag(JsonNode json, String at, String name) {
        var value = json.get(name);
        if (value != null && !value.isBoolean()) {
            wrong(at + name, value + " must be true or false");
        }
        return value != null && value.asBoolean();
    }

    private String text(JsonNode json, String at, String name, boolean required) {
        var value = json.get(name);
        if (value == null) {
            if (required) {
                wrong(at + name, "it is missing");
            }
            return "";
        }
        if (!value.isTextual()
                || value.textValue().isBlank()
                || value.textValue().indexOf('\0') >= 0) {
            wrong(at + name, value + " must be a text that is not empty");
            return "";
        }
        return value.textValue();
    }

    private void known(JsonNode json, String at, Set<String> names) {
        json.fieldNames().forEachRemaining(name -> {
            if (!names.contains(name)) {
                wrong(
                        at + name,
                        "this key is not known; there are "
                                + names.stream().sorted().toList());
            }
        });
    }

    private void wrong(String key, String message) {
        errors.add(file + ":" + lines.of(key) + ": " + key + ": " + message);
    }
}
