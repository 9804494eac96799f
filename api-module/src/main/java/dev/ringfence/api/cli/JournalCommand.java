package dev.ringfence.api.cli;

import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.journal.JournalException;
import dev.ringfence.wal.journal.JournalRecord;
import dev.ringfence.wal.log.LogException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What can be asked of a journal; all of it also while the service runs. */
@Command(
        name = "journal",
        mixinStandardHelpOptions = true,
        description = "Look at a journal, also while it is written.")
final class JournalCommand {
    @Spec
    private CommandSpec spec;

    /** Picocli sets the fields. */
    @SuppressWarnings("NullAway.Init")
    JournalCommand() {}

    @Command(name = "dump", mixinStandardHelpOptions = true, description = "Print the events, one JSON object a line.")
    int dump(
            @Option(
                            names = "--data",
                            paramLabel = "DIR",
                            defaultValue = "${env:RINGFENCE_DATA:-ringfence-data}",
                            description = "The service's data directory; ${DEFAULT-VALUE} without it.")
                    Path data,
            @Option(names = "--job", paramLabel = "ID", description = "Only this job's.") @Nullable String job) {
        var directory = data.resolve("journal");
        if (!Files.isDirectory(directory)) {
            throw new CommandFailure(
                    ExitCodes.FAILED,
                    "there is no journal in " + data.toAbsolutePath() + "; name the data directory with --data");
        }
        var out = spec.commandLine().getOut();
        try {
            Journal.read(directory, 0, entry -> {
                if (job == null || job.equals(entry.event().jobId())) {
                    print(out, entry);
                }
            });
        } catch (JournalException | LogException e) {
            out.flush();
            throw new CommandFailure(ExitCodes.FAILED, String.valueOf(e.getMessage()));
        }
        out.flush();
        return 0;
    }

    private static void print(PrintWriter out, JournalRecord entry) {
        out.println(entry.json());
    }
}
