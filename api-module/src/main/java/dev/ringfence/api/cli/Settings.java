package dev.ringfence.api.cli;

import io.quarkus.runtime.configuration.DurationConverter;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.config.SysPropConfigSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * The settings that a service started here would have, for commands that are none: from the environment, system
 * properties, {@code config/application.properties} and the defaults.
 */
final class Settings {
    private static final String KEYS = "settings.properties";
    private static final Path FILE = Path.of("config", "application.properties");
    private static final int OF_ENVIRONMENT = 300;
    private static final int OF_FILE = 260;

    private final SmallRyeConfig config;

    private Settings(SmallRyeConfig config) {
        this.config = config;
    }

    /**
     * Reads them.
     *
     * @throws CommandFailure when the file cannot be read
     */
    static Settings read() {
        var defaults = new HashMap<>(known());
        defaults.values().removeIf(String::isEmpty);
        var builder = new SmallRyeConfigBuilder()
                .addDefaultInterceptors()
                .withSources(new EnvConfigSource(System.getenv(), OF_ENVIRONMENT), new SysPropConfigSource())
                .withSources(new PropertiesConfigSource(defaults, KEYS, Integer.MIN_VALUE));
        if (Files.isReadable(FILE)) {
            builder.withSources(new PropertiesConfigSource(properties(FILE), FILE.toString(), OF_FILE));
        }
        return new Settings(builder.build());
    }

    /** Empty where nothing is set. */
    Optional<String> value(String key) {
        return Optional.ofNullable(config.getConfigValue(key).getValue()).filter(value -> !value.isEmpty());
    }

    /** An option of the command line, or else the setting. */
    Optional<Path> path(@Nullable Path option, String key) {
        return Optional.ofNullable(option).or(() -> value(key).map(Path::of));
    }

    /** The data directory: an option of the command line, or else the setting. */
    Path data(@Nullable Path option) {
        return path(option, "ringfence.data").orElseThrow();
    }

    /**
     * A setting in a type of its own.
     *
     * @throws CommandFailure when it is no such thing
     */
    <T> Optional<T> value(String key, Class<T> type) {
        try {
            return config.getOptionalValue(key, type);
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCodes.CONFIGURATION, key + ": " + e.getMessage());
        }
    }

    /**
     * A time that has a default.
     *
     * @throws CommandFailure when it is none
     */
    Duration time(String key) {
        var text = value(key).orElseThrow();
        try {
            return DurationConverter.parseDuration(text);
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(
                    ExitCodes.CONFIGURATION, key + " is \"" + text + "\"; it must be a time, such as 500ms or 10s");
        }
    }

    /** All with a fixed name, and those with a name in them that are set. */
    Map<String, ConfigValue> all() {
        var all = new TreeMap<String, ConfigValue>();
        known().keySet().forEach(key -> all.put(key, config.getConfigValue(key)));
        StreamSupport.stream(config.getPropertyNames().spliterator(), false)
                .filter(key -> key.startsWith("ringfence."))
                .forEach(key -> all.computeIfAbsent(key, config::getConfigValue));
        return all;
    }

    /** Who says so. */
    static String source(ConfigValue value) {
        var name = value.getConfigSourceName();
        if (value.getValue() == null || value.getValue().isEmpty()) {
            return "not set";
        }
        if (name == null || name.contains(KEYS)) {
            return "default";
        }
        return switch (name) {
            case "EnvConfigSource" -> "environment";
            case "SysPropConfigSource" -> "system property";
            default -> FILE.toString();
        };
    }

    /** Every key that has a fixed name, and its default; empty for none. */
    static Map<String, String> known() {
        var known = listed();
        known.keySet().removeIf(key -> key.contains("*"));
        return known;
    }

    /** Every key, with {@code *} where an operator gives a name. */
    static Map<String, String> listed() {
        try (var stream = Settings.class.getResourceAsStream(KEYS)) {
            if (stream == null) {
                throw new IllegalStateException("the program was packaged without " + KEYS);
            }
            var properties = new Properties();
            properties.load(stream);
            return sorted(properties);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Map<String, String> properties(Path file) {
        try (var reader = Files.newBufferedReader(file)) {
            var properties = new Properties();
            properties.load(reader);
            return sorted(properties);
        } catch (IOException | IllegalArgumentException e) {
            throw new CommandFailure(ExitCodes.CONFIGURATION, file + " cannot be read: " + e.getMessage());
        }
    }

    private static Map<String, String> sorted(Properties properties) {
        var sorted = new TreeMap<String, String>();
        properties.stringPropertyNames().forEach(key -> sorted.put(key, properties.getProperty(key)));
        return sorted;
    }
}
