package dev.ringfence.api.cli;

import dev.ringfence.runner.capability.FenceTools;
import dev.ringfence.runner.capability.ManifestCapability;
import dev.ringfence.runner.capability.ManifestException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What can be asked of manifests of capabilities. */
@Command(name = "capabilities", mixinStandardHelpOptions = true, description = "Look at manifests of capabilities.")
final class CapabilitiesCommand {
    @Spec
    private CommandSpec spec;

    /** Picocli sets the fields. */
    @SuppressWarnings("NullAway.Init")
    CapabilitiesCommand() {}

    @Command(
            name = "check",
            mixinStandardHelpOptions = true,
            description = {
                "Say everything that is wrong with a manifest; 78 when there is something.",
                "Otherwise print the JSON Schema of its arguments."
            },
            footer = {"", "Example: ringfence capabilities check capabilities/convert.toml"})
    int check(@Parameters(paramLabel = "FILE", description = "The manifest (TOML).") Path file) {
        try {
            var capability = ManifestCapability.read(file, noTools());
            spec.commandLine()
                    .getOut()
                    .printf(
                            "%s: %s%n%s%n",
                            file, capability.name(), capability.schema().toPrettyString());
            return 0;
        } catch (ManifestException e) {
            throw new CommandFailure(ExitCodes.CONFIGURATION, String.valueOf(e.getMessage()));
        }
    }

    /** For manifests that are only looked at. */
    static FenceTools noTools() {
        return FenceTools.without((command, listener) -> {
            throw new IllegalStateException("nothing is started here");
        });
    }
}
