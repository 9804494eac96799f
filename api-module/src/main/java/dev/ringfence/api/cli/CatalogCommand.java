package dev.ringfence.api.cli;

import dev.ringfence.catalog.Catalog;
import dev.ringfence.catalog.CatalogException;
import dev.ringfence.runner.fence.SyscallListCheck;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What can be asked of a catalog. */
@Command(name = "catalog", mixinStandardHelpOptions = true, description = "Look at catalogs.")
final class CatalogCommand {
    @Spec
    private CommandSpec spec;

    /** Picocli sets the fields. */
    @SuppressWarnings("NullAway.Init")
    CatalogCommand() {}

    @Command(
            name = "check",
            mixinStandardHelpOptions = true,
            description = "Say everything that is wrong with a catalog; 78 when there is something.",
            footer = {"", "Example: ringfence catalog check ringfence.toml"})
    int check(@Parameters(paramLabel = "FILE", description = "The catalog (TOML).") Path file) {
        try {
            var catalog = Catalog.load(file, new SyscallListCheck());
            spec.commandLine()
                    .getOut()
                    .printf(
                            "%s: %d models, %d sandbox profiles, default %s%n",
                            file,
                            catalog.models().size(),
                            catalog.profiles().size(),
                            catalog.defaultProfile().name());
            for (var warning : catalog.warnings()) {
                spec.commandLine().getOut().println("warning: " + warning);
            }
            return 0;
        } catch (CatalogException e) {
            throw new CommandFailure(ExitCodes.CONFIGURATION, String.valueOf(e.getMessage()));
        }
    }
}
