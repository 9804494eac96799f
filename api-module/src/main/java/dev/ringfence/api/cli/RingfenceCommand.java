package dev.ringfence.api.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The whole command line. */
@Command(
        name = "ringfence",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Runs models, tools and code of AI agents inside fences that the kernel enforces.",
        subcommands = {
            ServeCommand.class,
            DemoCommand.class,
            DoctorCommand.class,
            CatalogCommand.class,
            CapabilitiesCommand.class,
            JournalCommand.class,
            KeysCommand.class,
            CommandLine.HelpCommand.class
        },
        footer = {
            "",
            "Exit codes: 0 done, 1 failed, 2 wrong usage, 69 something needed is missing, 70 a fault of ours,",
            "78 wrong configuration.",
            "",
            "Example: ringfence serve --config ringfence.toml --data /var/lib/ringfence"
        })
final class RingfenceCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    /** Picocli sets the fields. */
    @SuppressWarnings("NullAway.Init")
    RingfenceCommand() {}

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "a command is missing");
    }
}
