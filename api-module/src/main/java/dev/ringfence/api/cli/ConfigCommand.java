package dev.ringfence.api.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.config.SysPropConfigSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What is configured. */
@Command(name = "config", mixinStandardHelpOptions = true, description = "Look at the configuration.")
final class ConfigCommand implements Runnable {
    private static final String KEYS = "settings.properties";
    private static final Pattern SECRET = Pattern.compile("(?i).*(secret|password|token|credential|api-?key)$");
    private static final Path FILE = Path.of("config", "application.properties");
    private static final int OF_ENVIRONMENT = 300;
    private static final int OF_FILE = 260;

    @Spec
    private CommandSpec spec;

    /** Picocli sets the fields. */
    @SuppressWarnings("NullAway.Init")
    ConfigCommand() {}

    /** One setting: its key, its value, and who says so. */
    record Setting(String key, String value, String source) {}

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "say which: show");
    }

    @Command(
            name = "show",
            mixinStandardHelpOptions = true,
            description = {
                "Print every setting, its value and where that comes from: the environment, a system property,",
                "config/application.properties, or the default. Secrets are masked. Options of `serve` come on top."
            },
            footer = {"", "Example: RINGFENCE_JOBS_CONCURRENCY=4 ringfence config show"})
    int show(@Option(names = "--json", description = "One JSON object a line.") boolean json) {
        var out = spec.commandLine().getOut();
        var settings = settings();
        if (json) {
            settings.forEach(setting -> out.println(json(setting)));
            return 0;
        }
        var table = new Table("KEY", "VALUE", "SOURCE");
        settings.forEach(setting -> table.row(setting.key(), setting.value(), setting.source()));
        table.print(out);
        return 0;
    }

    private static ObjectNode json(Setting setting) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("key", setting.key())
                .put("value", setting.value())
                .put("source", setting.source());
    }

    private static List<Setting> settings() {
        var known = known();
        var config = config(known);
        var keys = new TreeMap<String, ConfigValue>();
        known.forEach((key, _) -> keys.put(key, config.getConfigValue(key)));
        // Those with a name in them, of which there can be any number.
        StreamSupport.stream(config.getPropertyNames().spliterator(), false)
                .filter(key -> key.startsWith("ringfence."))
                .forEach(key -> keys.computeIfAbsent(key, config::getConfigValue));
        var settings = new ArrayList<Setting>();
        keys.forEach((key, value) -> settings.add(new Setting(key, shown(key, value), source(value))));
        return settings;
    }

    private static String shown(String key, ConfigValue value) {
        var text = value.getValue();
        if (text == null || text.isEmpty()) {
            return "";
        }
        return SECRET.matcher(key).matches() ? "********" : text;
    }

    private static String source(ConfigValue value) {
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

    private static SmallRyeConfig config(Map<String, String> defaults) {
        var builder = new SmallRyeConfigBuilder()
                .addDefaultInterceptors()
                .withSources(new EnvConfigSource(System.getenv(), OF_ENVIRONMENT), new SysPropConfigSource())
                .withSources(new PropertiesConfigSource(set(defaults), KEYS, Integer.MIN_VALUE));
        if (Files.isReadable(FILE)) {
            builder.withSources(new PropertiesConfigSource(read(FILE), FILE.toString(), OF_FILE));
        }
        return builder.build();
    }

    private static Map<String, String> set(Map<String, String> defaults) {
        var set = new HashMap<>(defaults);
        set.values().removeIf(String::isEmpty);
        return set;
    }

    private static Map<String, String> read(Path file) {
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

    /** Every key that has a fixed name, and its default; empty for none. */
    static Map<String, String> known() {
        try (var stream = ConfigCommand.class.getResourceAsStream(KEYS)) {
            if (stream == null) {
                throw new IllegalStateException("the program was packaged without " + KEYS);
            }
            var properties = new Properties();
            properties.load(stream);
            var known = new TreeMap<String, String>();
            properties.stringPropertyNames().forEach(key -> known.put(key, properties.getProperty(key)));
            return known;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
