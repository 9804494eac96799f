package dev.ringfence.api.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.Settings;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.config.SysPropConfigSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What is configured. */
@Command(name = "config", mixinStandardHelpOptions = true, description = "Look at the configuration.")
final class ConfigCommand implements Runnable {
    private static final Path FILE = Path.of(Settings.FILE);
    private static final int OF_ENVIRONMENT = 300;
    private static final int OF_FILE = 260;

    @Spec
    private CommandSpec spec;

    /** Picocli sets the fields. */
    @SuppressWarnings("NullAway.Init")
    ConfigCommand() {}

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
        var settings = Settings.of(config(Settings.known()));
        if (json) {
            settings.forEach(setting -> out.println(json(setting)));
            return 0;
        }
        var table = new Table("KEY", "VALUE", "SOURCE");
        settings.forEach(setting -> table.row(setting.key(), setting.value(), setting.source()));
        table.print(out);
        return 0;
    }

    private static ObjectNode json(Settings.Setting setting) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("key", setting.key())
                .put("value", setting.value())
                .put("source", setting.source());
    }

    private static SmallRyeConfig config(Map<String, String> defaults) {
        var builder = new SmallRyeConfigBuilder()
                .addDefaultInterceptors()
                .withSources(new EnvConfigSource(System.getenv(), OF_ENVIRONMENT), new SysPropConfigSource())
                .withSources(new PropertiesConfigSource(set(defaults), "defaults", Integer.MIN_VALUE));
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
}
