package dev.ringfence.api.cli;

import dev.ringfence.api.BuiltInCapabilities;
import dev.ringfence.catalog.Catalog;
import dev.ringfence.catalog.CatalogException;
import dev.ringfence.runner.capability.ManifestCapability;
import dev.ringfence.runner.capability.ManifestException;
import dev.ringfence.runner.fence.SyscallListCheck;
import dev.ringfence.runner.files.FileRoots;
import java.nio.file.Path;
import java.util.TreeSet;
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
            description = {
                "Say everything that is wrong with a catalog; 78 when there is something.",
                "What agents are granted is compared with the capabilities and file roots that a service started here"
                        + " would have."
            },
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
            catalog.warnings().forEach(this::warn);
            compareGrants(catalog);
            return 0;
        } catch (CatalogException e) {
            throw new CommandFailure(ExitCodes.CONFIGURATION, String.valueOf(e.getMessage()));
        }
    }

    private void compareGrants(Catalog catalog) {
        var settings = LocalSettings.read();
        try {
            var capabilities = new TreeSet<>(BuiltInCapabilities.NAMES);
            settings.path(null, "ringfence.capabilities.directory")
                    .map(directory -> ManifestCapability.readAll(directory, CapabilitiesCommand.noTools()))
                    .ifPresent(manifests -> manifests.forEach(manifest -> capabilities.add(manifest.name())));
            var roots = new TreeSet<>(settings.fileRoots());
            roots.add(FileRoots.WORKSPACE);
            catalog.unknownGrants(capabilities, roots).forEach(this::warn);
        } catch (ManifestException e) {
            warn("what agents are granted was not compared, since the manifests of capabilities cannot be read: "
                    + e.getMessage());
        }
    }

    private void warn(Object warning) {
        spec.commandLine().getOut().println("warning: " + warning);
    }
}
