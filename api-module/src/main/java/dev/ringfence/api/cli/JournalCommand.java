package dev.ringfence.api.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.api.journal.DataProof;
import dev.ringfence.api.journal.EventFilter;
import dev.ringfence.api.journal.Verdicts;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.journal.JournalException;
import dev.ringfence.wal.journal.JournalStats;
import dev.ringfence.wal.log.LogException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What can be asked of a journal; all but the repair also while the service runs. */
@Command(
        name = "journal",
        mixinStandardHelpOptions = true,
        description = "Look at a journal, also while it is written, or repair it.")
final class JournalCommand {
    /** Where the journal is. */
    static final class Place {
        @Option(
                names = "--data",
                paramLabel = "DIR",
                description = "The service's data directory; as ringfence.data says without it.")
        private @Nullable Path data;

        Path journal() {
            var place = LocalSettings.read().data(data);
            var directory = place.resolve("journal");
            if (!Files.isDirectory(directory)) {
                if (!Files.notExists(directory)) {
                    throw new CommandFailure(
                            ExitCodes.FAILED,
                            "cannot look into " + directory.toAbsolutePath() + ": run it as the user whose it is");
                }
                throw new CommandFailure(
                        ExitCodes.FAILED,
                        "there is no journal in " + place.toAbsolutePath() + "; name the data directory with --data");
            }
            return directory;
        }
    }

    @Spec
    private CommandSpec spec;

    /** Picocli sets the fields. */
    @SuppressWarnings("NullAway.Init")
    JournalCommand() {}

    @Command(
            name = "dump",
            mixinStandardHelpOptions = true,
            description = "Print the events, one JSON object a line.",
            footer = {
                "",
                "Examples:",
                "  ringfence journal dump --data /var/lib/ringfence --job 6f1c…",
                "  ringfence journal dump --type failed,timed_out --since 2026-03-01T00:00:00Z"
            })
    int dump(
            @Mixin Place place,
            @Option(names = "--job", paramLabel = "ID", description = "Only this job's.") @Nullable String job,
            @Option(names = "--agent", paramLabel = "NAME", description = "Only of this agent's jobs.") @Nullable String agent,
            @Option(names = "--session", paramLabel = "ID", description = "Only of this session's jobs.") @Nullable String session,
            @Option(names = "--type", paramLabel = "TYPE", split = ",", description = "Only of these types.") @Nullable List<String> types,
            @Option(names = "--since", paramLabel = "TIME", description = "Only at this time or later (ISO 8601).")
                    @Nullable Instant since,
            @Option(names = "--until", paramLabel = "TIME", description = "Only before this time (ISO 8601).") @Nullable Instant until) {
        var directory = place.journal();
        var out = spec.commandLine().getOut();
        var wanted = types == null ? Set.<String>of() : Set.copyOf(types);
        EventFilter.problem(wanted).ifPresent(problem -> {
            throw new CommandFailure(CommandLine.ExitCode.USAGE, "--type: " + problem);
        });
        var unknown = new long[1];
        // From the first event on, so no submission is missed that can still be known.
        var filter = new EventFilter(job, agent, session, wanted, since, until, _ -> {
            unknown[0]++;
            return Optional.empty();
        });
        return read(directory, () -> {
            Journal.readWhile(directory, 0, entry -> {
                if (filter.matches(entry)) {
                    out.println(entry.json());
                }
                // A reader that has gone wants no more.
                return !out.checkError();
            });
            if (unknown[0] > 0) {
                tellUnknown(unknown[0]);
            }
            return 0;
        });
    }

    private void tellUnknown(long jobs) {
        var err = spec.commandLine().getErr();
        err.println("ringfence: left out the events of " + jobs + " jobs: whose they are is not known here, since their"
                + " submission is not kept any more or comes more than " + EventFilter.REMEMBERED + " jobs before;"
                + " --job finds each");
        err.flush();
    }

    @Command(
            name = "verify",
            mixinStandardHelpOptions = true,
            description = {
                "Prove that every event and every output is what was written, or name the first that is not.",
                "The logs of sessions and untold webhooks beside the journal are proved, too.",
                "Exit codes: 0 all is intact, 1 something is not, or it could not be read."
            },
            footer = {"", "Example: ringfence journal verify --data /var/lib/ringfence"})
    int verify(@Mixin Place place) {
        var directory = place.journal();
        return explained(() -> {
            var verdict = DataProof.verify(directory, progress());
            spec.commandLine().getOut().println(verdict);
            return verdict.path("intact").asBoolean() ? 0 : ExitCodes.FAILED;
        });
    }

    @Command(
            name = "stats",
            mixinStandardHelpOptions = true,
            description = "Count what is in the journal.",
            footer = {"", "Example: ringfence journal stats --data /var/lib/ringfence"})
    int stats(@Mixin Place place) {
        var directory = place.journal();
        return read(directory, () -> {
            JsonNode json = Verdicts.json(JournalStats.of(directory, progress()));
            spec.commandLine().getOut().println(json.toPrettyString());
            return 0;
        });
    }

    @Command(
            name = "repair",
            mixinStandardHelpOptions = true,
            description = {
                "Mend a damaged journal, and give up what cannot be mended, so that the service starts again.",
                "What other files say as well is written again. Everything from the first event on that is damaged all the",
                "same is given up; what is merely old is not.",
                "Without --yes it says what would be done, and changes nothing. The service must not be running, and the",
                "user has to be the one that owns the journal.",
                "Jobs whose end may have been given up are ended, so that nothing is done twice.",
                "An output that is lost is named with its job, and only a backup has it: no event is given up for it.",
                "Exit codes: 0 nothing is damaged, or it is repaired; 1 damaged and not repaired, or outputs are lost."
            },
            footer = {
                "",
                "Examples:",
                "  ringfence journal repair --data /var/lib/ringfence          # says what would be done",
                "  sudo -u ringfence ringfence journal repair --data /var/lib/ringfence --yes    # does it"
            })
    int repair(
            @Mixin Place place,
            @Option(names = "--yes", description = "Do it. A copy of what changes is kept.") boolean yes) {
        var directory = place.journal();
        var repair = new OfflineRepair(directory, spec.commandLine().getOut());
        return explained(yes ? repair::carryOut : repair::preview);
    }

    /** As {@link #explained}, for what only reads. */
    private int read(Path directory, Callable<Integer> command) {
        return explained(() -> {
            try {
                return command.call();
            } catch (LogException.Corrupt e) {
                throw new CommandFailure(ExitCodes.FAILED, e.getMessage() + "; " + DataProof.repair(directory));
            }
        });
    }

    private int explained(Callable<Integer> command) {
        PrintWriter out = spec.commandLine().getOut();
        try {
            return command.call();
        } catch (JournalException | LogException e) {
            throw new CommandFailure(ExitCodes.FAILED, String.valueOf(e.getMessage()));
        } catch (UncheckedIOException e) {
            throw new CommandFailure(ExitCodes.FAILED, "cannot read it: " + e.getCause());
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        } finally {
            out.flush();
        }
    }

    /** Tells of long work now and then. */
    private LongPredicate progress() {
        var err = spec.commandLine().getErr();
        var next = new long[] {System.nanoTime() + PACE};
        return sequence -> {
            if (System.nanoTime() - next[0] > 0) {
                next[0] = System.nanoTime() + PACE;
                err.println("ringfence: read up to event " + sequence);
                err.flush();
            }
            return true;
        };
    }

    private static final long PACE = Duration.ofSeconds(5).toNanos();
}
