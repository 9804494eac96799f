package dev.ringfence.api.cli;

import dev.ringfence.api.Settings;
import io.quarkus.runtime.configuration.DurationConverter;
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
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * The settings that a service started here would have, for commands that are none: from the environment, system
 * properties, {@code config/application.properties} and the defaults.
 */
final class LocalSettings {
    /** As a setting, or as the environment has it. */
    private static final Pattern FILE_ROOT = Pattern.compile("ringfence[._]files[._]roots[._](.+)[._]path");

    private static final Path FILE = Path.of(Settings.FILE);
    private static final String DEFAULTS = "defaults";
    private static final int OF_ENVIRONMENT = 300;
    private static final int OF_FILE = 260;

    private final SmallRyeConfig config;

    private LocalSettings(SmallRyeConfig config) {
        this.config = config;
    }

    /**
     * Reads them.
     *
     * @throws CommandFailure when the file cannot be read
     */
    static LocalSettings read() {
        var defaults = new HashMap<>(Settings.known());
        defaults.values().removeIf(String::isEmpty);
        var builder = new SmallRyeConfigBuilder()
                .addDefaultInterceptors()
                .withSources(new EnvConfigSource(System.getenv(), OF_ENVIRONMENT), new SysPropConfigSource())
                .withSources(new PropertiesConfigSource(defaults, DEFAULTS, Integer.MIN_VALUE));
        if (Files.isReadable(FILE)) {
            builder.withSources(new PropertiesConfigSource(properties(FILE), FILE.toString(), OF_FILE));
        }
        return new LocalSettings(builder.build());
    }

    /** Empty where nothing is set. */
    Optional<String> value(String key) {
        return Optional.ofNullable(config.getConfigValue(key).getValue()).filter(value -> !value.isEmpty());
    }

    /** Whether anybody said what it is, other than the defaults. */
    boolean isSet(String key) {
        return !DEFAULTS.equals(config.getConfigValue(key).getConfigSourceName());
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
            throw new CommandFailure(ExitCodes.CONFIGURATION, WrongSetting.explain(String.valueOf(e.getMessage())));
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

    /** The names that operators gave to file roots. */
    Set<String> fileRoots() {
        return StreamSupport.stream(config.getPropertyNames().spliterator(), false)
                .map(key -> key.toLowerCase(Locale.ROOT))
                .map(FILE_ROOT::matcher)
                .filter(Matcher::matches)
                .map(matcher -> matcher.group(1))
                .collect(Collectors.toSet());
    }

    /** All of them, as they may be shown. */
    List<Settings.Setting> all() {
        return Settings.of(config);
    }

    private static Map<String, String> properties(Path file) {
        try (var reader = Files.newBufferedReader(file)) {
            var properties = new Properties();
            properties.load(reader);
            var map = new HashMap<String, String>();
            properties.stringPropertyNames().forEach(key -> map.put(key, properties.getProperty(key)));
            return map;
        } catch (IOException | IllegalArgumentException e) {
            throw new CommandFailure(ExitCodes.CONFIGURATION, file + " cannot be read: " + e.getMessage());
        }
    }
}
