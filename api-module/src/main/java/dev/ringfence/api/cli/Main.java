package dev.ringfence.api.cli;

import io.quarkus.runtime.annotations.QuarkusMain;
import picocli.CommandLine;

/** Where the program starts. Only the commands that serve start Quarkus; the others are plain programs. */
@QuarkusMain
public final class Main {
    private Main() {}

    public static void main(String... args) {
        System.exit(run(StandardOutput.takeOver(), args));
    }

    /** The exit code. */
    static int run(StandardOutput output, String... args) {
        var out = output.writer();
        var line = commandLine().setOut(out);
        int code = line.execute(args);
        out.flush();
        return output.verdict(code, line.getErr());
    }

    static CommandLine commandLine() {
        return new CommandLine(new RingfenceCommand()).setExecutionExceptionHandler(Main::explain);
    }

    /** What we foresaw is told in a line; anything else with all that helps to find it. */
    private static int explain(Exception error, CommandLine command, CommandLine.ParseResult parsed) {
        if (error instanceof CommandFailure failure) {
            command.getErr().println("ringfence: " + failure.getMessage());
            return failure.exitCode();
        }
        error.printStackTrace(command.getErr());
        return ExitCodes.INTERNAL;
    }
}
