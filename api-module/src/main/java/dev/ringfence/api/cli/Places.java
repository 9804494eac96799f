package dev.ringfence.api.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a service that is started here has its catalog and its data. */
final class Places {
    @Option(names = "--config", paramLabel = "FILE", description = "The catalog (TOML); RINGFENCE_CATALOG as well.")
    private @Nullable Path config;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Where the journal is kept; RINGFENCE_DATA as well. Without it: ./ringfence-data.")
    private @Nullable Path data;

    /** The settings get what was given. */
    void apply() {
        ServeCommand.set("ringfence.catalog", config);
        ServeCommand.set("ringfence.data", data);
    }
}
