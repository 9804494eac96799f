package dev.ringfence.api.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.Settings;
import dev.ringfence.catalog.Suggestion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What is configured. */
@Command(name = "config", mixinStandardHelpOptions = true, description = "Look at the configuration.")
final class ConfigCommand implements Runnable {
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
                "Print every setting, its value and where that comes from.",
                "That is the environment, a system property, config/application.properties, or the default. Secrets are"
                        + " masked. Options of `serve` come on top."
            },
            footer = {"", "Example: RINGFENCE_JOBS_CONCURRENCY=4 ringfence config show"})
    int show(@Option(names = "--json", description = "One JSON object a line.") boolean json) {
        var out = spec.commandLine().getOut();
        var settings = LocalSettings.read().all();
        UnknownVariables.of(System.getenv())
                .forEach(told -> spec.commandLine().getErr().println("ringfence: " + told));
        settings.stream().filter(setting -> !setting.known()).forEach(this::tellUnknown);
        if (json) {
            settings.forEach(setting -> out.println(json(setting)));
            return 0;
        }
        var table = new Table("KEY", "VALUE", "SOURCE");
        settings.forEach(setting ->
                table.row(setting.key(), setting.value(), setting.source() + (setting.known() ? "" : " (no setting)")));
        table.print(out);
        return 0;
    }

    private void tellUnknown(Settings.Setting setting) {
        spec.commandLine()
                .getErr()
                .println("ringfence: " + setting.key() + " is no setting, and a service does not start with it"
                        + Suggestion.nearest(setting.key(), Settings.listed().keySet())
                                .map(near -> "; did you mean " + near + "?")
                                .orElse(""));
    }

    private static ObjectNode json(Settings.Setting setting) {
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("key", setting.key())
                .put("value", setting.value())
                .put("source", setting.source());
        return setting.known() ? json : json.put("unknown", true);
    }
}
