package dev.ringfence.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.catalog.RemoteAccess.ApiKey;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the {@code provider} of a model. */
final class ProviderReader {
    /** Each provider and the key that it cannot do without. */
    private static final Map<String, String> PROVIDERS = providers();

    private static final Set<String> LOCAL = Set.of("LocalFile", "HuggingFace");

    private static final Pattern SHA256 = Pattern.compile("[0-9a-fA-F]{64}");
    private static final Pattern REPOSITORY =
            Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9][A-Za-z0-9._-]{0,95})?");
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,127}");
    private static final int MOST_SECONDS = 24 * 60 * 60;

    /** Where relative files are. */
    private final Path directory;

    /** Whether the operator wrote it; who adds a model at run time can have none that the service has to ask elsewhere. */
    private final boolean trusted;

    ProviderReader(Path directory, boolean trusted) {
        this.directory = directory;
        this.trusted = trusted;
    }

    /** Null when something is wrong, which then has been reported. */
    @Nullable Provider read(TomlTable model) {
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
        if (!trusted && !LOCAL.contains(name)) {
            choice.get()
                    .problem(
                            name,
                            "can only stand in the catalog file: it is asked over the network and with a key of this"
                                    + " service");
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
            var text = readable(settings, key);
            return switch (name) {
                case "LocalFile" -> localFile(settings, key, text);
                case "HuggingFace" -> huggingFace(settings, key, text);
                case "OpenAI" -> {
                    var access = access(settings, RemoteAccess.openAi());
                    yield text == null ? null : new Provider.OpenAI(text, access);
                }
                case "Anthropic" -> {
                    var access = access(settings, RemoteAccess.anthropic());
                    yield text == null ? null : new Provider.Anthropic(text, access);
                }
                default -> custom(settings, key, text);
            };
        }
    }

    private @Nullable Provider localFile(TomlTable settings, String key, @Nullable String text) {
        var sha256 = sha256(settings);
        var path = text == null ? Optional.<Path>empty() : path(settings, key, text);
        return path.map(file -> new Provider.LocalFile(file, sha256)).orElse(null);
    }

    private @Nullable Provider huggingFace(TomlTable settings, String key, @Nullable String text) {
        var file = pathPart(settings, "file");
        var revision = pathPart(settings, "revision");
        var sha256 = sha256(settings);
        if (text == null) {
            return null;
        }
        if (!REPOSITORY.matcher(text).matches() || text.contains("..")) {
            settings.problem(key, "must be a repository of the hub, such as owner/name");
            return null;
        }
        return new Provider.HuggingFace(
                text, file, revision == null ? Provider.HuggingFace.DEFAULT_REVISION : revision, sha256);
    }

    /** What becomes a part of a path below the cache, and must not lead out of it. */
    private static @Nullable String pathPart(TomlTable settings, String key) {
        var text = readable(settings, key);
        if (text != null
                && (text.startsWith("/")
                        || text.startsWith("-")
                        || List.of(text.split("/")).contains(".."))) {
            settings.problem(key, "must be a name within the repository");
            return null;
        }
        return text;
    }

    private @Nullable Provider custom(TomlTable settings, String key, @Nullable String text) {
        var modelName = readable(settings, "model_name");
        var access = access(settings, RemoteAccess.custom(RemoteAccess.OPENAI));
        if (text == null) {
            return null;
        }
        var url = url(settings, key, text);
        return url == null
                ? null
                : new Provider.Custom(
                        modelName,
                        new RemoteAccess(
                                url,
                                access.key(),
                                access.connectTimeout(),
                                access.silenceTimeout(),
                                access.retries(),
                                access.parallel()));
    }

    private RemoteAccess access(TomlTable settings, RemoteAccess defaults) {
        var base = defaults.key() instanceof ApiKey.None ? null : readable(settings, "base_url");
        var url = base == null ? null : url(settings, "base_url", base);
        return new RemoteAccess(
                url == null ? defaults.baseUrl() : url,
                key(settings, defaults.key()),
                seconds(settings, "connect_timeout_seconds", defaults.connectTimeout()),
                seconds(settings, "silence_timeout_seconds", defaults.silenceTimeout()),
                (int) settings.whole("max_retries", 0, 10).orElse(defaults.retries()),
                (int) settings.whole("max_parallel", 1, 1000).orElse(defaults.parallel()));
    }

    private ApiKey key(TomlTable settings, ApiKey otherwise) {
        var variable = readable(settings, "api_key_env");
        var file = readable(settings, "api_key_file");
        if (variable != null && file != null) {
            settings.problem("api_key_file", "cannot stand beside api_key_env; one of them has to go");
        }
        if (settings.has("api_key")) {
            secret(
                    settings,
                    "api_key",
                    "does not belong into a catalog; name the variable or the file that holds it, as"
                            + " api_key_env or api_key_file");
        }
        if (variable != null) {
            if (!VARIABLE.matcher(variable).matches()) {
                secret(settings, "api_key_env", "must be the name of an environment variable, not the key itself");
            }
            return new ApiKey.Environment(variable);
        }
        return file == null
                ? otherwise
                : path(settings, "api_key_file", file)
                        .<ApiKey>map(ApiKey.File::new)
                        .orElse(otherwise);
    }

    /** Without the value: it may be a key, and this is shown and logged. */
    private static void secret(TomlTable settings, String key, String message) {
        settings.problems().add(settings.name(key), (JsonNode) null, message);
    }

    private static Duration seconds(TomlTable settings, String key, Duration otherwise) {
        var seconds = settings.positive(key, MOST_SECONDS);
        return seconds.isPresent()
                ? Duration.ofMillis(Math.max(1, Math.round(seconds.getAsDouble() * 1000)))
                : otherwise;
    }

    private static @Nullable URI url(TomlTable settings, String key, String text) {
        try {
            var url = new URI(text.replaceAll("/+$", ""));
            if (("http".equals(url.getScheme()) || "https".equals(url.getScheme()))
                    && url.getHost() != null
                    && url.getRawUserInfo() == null
                    && url.getRawQuery() == null
                    && url.getRawFragment() == null) {
                return url;
            }
        } catch (URISyntaxException _) {
            // Reported below, as any other malformed URL.
        }
        settings.problem(
                key,
                "must be an http or https URL with a host and without user, query or fragment, such as"
                        + " http://127.0.0.1:8080/v1");
        return null;
    }

    private static @Nullable String sha256(TomlTable settings) {
        var text = settings.text("sha256").orElse(null);
        if (text != null && !SHA256.matcher(text).matches()) {
            settings.problem("sha256", "must be 64 hexadecimal digits, as sha256sum prints them");
            return null;
        }
        return text == null ? null : text.toLowerCase(Locale.ROOT);
    }

    private Optional<Path> path(TomlTable settings, String key, String text) {
        try {
            return Optional.of(directory.resolve(text).normalize());
        } catch (InvalidPathException e) {
            settings.problem(key, "is no path on this host: " + e.getReason());
            return Optional.empty();
        }
    }

    private static @Nullable String readable(TomlTable settings, String key) {
        var text = settings.text(key).orElse(null);
        if (text != null && (text.isBlank() || text.chars().anyMatch(Character::isISOControl))) {
            settings.problem(key, "cannot be empty or hold control characters");
            return null;
        }
        return text;
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
