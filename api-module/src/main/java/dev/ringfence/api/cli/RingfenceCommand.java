package dev.ringfence.api.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The whole command line. */
@Command(
        name = "ringfence",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Runs models, tools and code of AI agents inside fences that the kernel enforces.",
        subcommands = {
            ServeCommand.class,
            RunCommand.class,
            LogsCommand.class,
            SessionsCommand.class,
            ConfigCommand.class,
            CompletionCommand.class,
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
            "Exit codes: 0 done, 1 failed, 2 wrong usage, 69 something needed is missing or no service answers,"
                    + " 70 a fault of ours, 75 try again later, 77 the service refuses the caller, 78 wrong configuration.",
            "",
            "Examples:",
            "  ringfence serve --config ringfence.toml --data /var/lib/ringfence",
            "  ringfence run ShellExec --args '{\"argv\": [\"uname\", \"-a\"]}'",
            "  ringfence jobs --state failed"
        })
final class RingfenceCommand extends ServiceCommands implements Runnable {
    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec().commandLine(), "a command is missing");
    }
}
