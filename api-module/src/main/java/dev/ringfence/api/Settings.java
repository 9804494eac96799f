package dev.ringfence.api;

import io.smallrye.config.ConfigValue;
import io.smallrye.config.SmallRyeConfig;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.jspecify.annotations.Nullable;

/** What is configured: every setting with a fixed name, and those with a name in them that are set. */
public final class Settings {
    /** The file of settings, as the working directory has it. */
    public static final String FILE = "config/application.properties";

    private static final String KEYS = "settings.properties";
    private static final String MASK = "********";

    /** The path of a webhook's address often is all that keeps others from sending there. */
    private static final Pattern SECRET =
            Pattern.compile("(?i).*(secret|password|token|credential|key)$|ringfence\\.webhooks\\..*\\.url");

    /** The framework's source of what it knows of the running server, such as the port that it listens on. */
    private static final String RUNNING = "io.quarkus.runtime.ValueRegistryConfigSource";

    private static final String ENVIRONMENT = "environment";

    private static final Set<String> GIVEN = ConcurrentHashMap.newKeySet();

    private Settings() {}

    /**
     * One setting.
     *
     * @param value empty when it is not set, and masked when it is a secret
     * @param source who says so: {@code command line}, {@code environment}, {@code system property}, the file,
     *     {@code default} or {@code not set}
     * @param known false for what is written like a setting and is none
     */
    public record Setting(String key, String value, String source, boolean known) {}

    /** All of them, by their names. */
    public static List<Setting> of(SmallRyeConfig config) {
        var keys = new TreeMap<String, ConfigValue>();
        known().forEach((key, _) -> keys.put(key, config.getConfigValue(key)));
        // Those with a name in them, of which there can be any number; a star stands for all names in what is built in.
        StreamSupport.stream(config.getPropertyNames().spliterator(), false)
                .filter(key -> key.startsWith("ringfence.") && !key.contains("*"))
                .forEach(key -> keys.computeIfAbsent(key, config::getConfigValue));
        var listed = listed().keySet();
        return keys.entrySet().stream()
                .map(entry -> setting(config, entry.getKey(), entry.getValue(), isKnown(entry.getKey(), listed)))
                // The dots of a variable's name are a guess, beside the key that it sets.
                .filter(setting -> setting.known() || !setting.source().equals(ENVIRONMENT))
                .toList();
    }

    /**
     * Sets one for this process, as an option of the command line says; goes before the environment.
     *
     * @param value null for nothing to set
     */
    public static void give(String key, @Nullable Object value) {
        if (value != null) {
            System.setProperty(key, value.toString());
            GIVEN.add(key);
        }
    }

    /** Whether nobody may see its value. */
    public static boolean isSecret(String key) {
        return SECRET.matcher(key).matches();
    }

    /** Its value as it may be shown. */
    public static String shown(String key, String value) {
        return isSecret(key) ? MASK : value;
    }

    private static Setting setting(SmallRyeConfig config, String key, ConfigValue value, boolean known) {
        var text = value.getValue();
        if (text == null || text.isEmpty()) {
            return new Setting(key, "", "not set", known);
        }
        return new Setting(
                key,
                // What is misspelt may be a secret.
                known ? shown(key, text) : MASK,
                GIVEN.contains(key) ? "command line" : source(origin(config, value)),
                known);
    }

    /** The name of the source that says so; what the framework tells of the running server it has from another one. */
    private static String origin(SmallRyeConfig config, ConfigValue value) {
        if (!RUNNING.equals(value.getConfigSourceName())) {
            return String.valueOf(value.getConfigSourceName());
        }
        return StreamSupport.stream(config.getConfigSources().spliterator(), false)
                .filter(source -> !RUNNING.equals(source.getName()) && source.getValue(value.getName()) != null)
                .findFirst()
                .map(ConfigSource::getName)
                .orElse("");
    }

    private static String source(String name) {
        if (name.startsWith("EnvConfigSource")) {
            return ENVIRONMENT;
        }
        if (name.startsWith("SysPropConfigSource")) {
            return "system property";
        }
        // Among the sources of a running service it is a URL of the file; what is packaged has no such directory.
        return name.contains(FILE) ? FILE : "default";
    }

    /** Also one with an operator's name in it, or an element of a list. */
    private static boolean isKnown(String key, Set<String> listed) {
        var whole = key.replaceFirst("\\[\\d+]$", "");
        return listed.stream().anyMatch(known -> known.equals(whole) || matches(known, whole));
    }

    private static boolean matches(String known, String key) {
        int star = known.indexOf('*');
        return star >= 0
                && key.length() > known.length() - 1
                && key.startsWith(known.substring(0, star))
                && key.endsWith(known.substring(star + 1));
    }

    /** Every key that has a fixed name, and its default; empty for none. */
    public static Map<String, String> known() {
        var known = listed();
        known.keySet().removeIf(key -> key.contains("*"));
        return known;
    }

    /** Every key, with {@code *} where an operator gives a name, and its default. */
    public static Map<String, String> listed() {
        try (var stream = Settings.class.getResourceAsStream(KEYS)) {
            if (stream == null) {
                throw new IllegalStateException("the program was packaged without " + KEYS);
            }
            var properties = new Properties();
            properties.load(stream);
            var listed = new TreeMap<String, String>();
            properties.stringPropertyNames().forEach(key -> listed.put(key, properties.getProperty(key)));
            return listed;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
