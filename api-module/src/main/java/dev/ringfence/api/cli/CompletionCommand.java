package dev.ringfence.api.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Prints a script that completes commands and options in a shell. */
@Command(
        name = "completion",
        mixinStandardHelpOptions = true,
        description = "Print a script that lets bash or zsh complete commands and options.",
        footer = {
            "",
            "Examples:",
            "  source <(ringfence completion)",
            "  ringfence completion > /etc/bash_completion.d/ringfence"
        })
final class CompletionCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    /** Picocli sets the fields. */
    @SuppressWarnings("NullAway.Init")
    CompletionCommand() {}

    @Override
    public Integer call() {
        spec.commandLine()
                .getOut()
                .print(AutoComplete.bash("ringfence", spec.root().commandLine()));
        spec.commandLine().getOut().flush();
        return 0;
    }
}
