package dev.ringfence.api.cli;

import dev.ringfence.api.ServiceJournal;
import dev.ringfence.api.journal.DataProof;
import dev.ringfence.wal.journal.JournalRepair;
import dev.ringfence.wal.journal.JournalVerifier;
import dev.ringfence.wal.log.LogException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Says what a repair of a journal would do, and does it. */
final class OfflineRepair {
    private static final Pattern WORD = Pattern.compile("\\S+");

    private final Path directory;
    private final PrintWriter out;

    OfflineRepair(Path directory, PrintWriter out) {
        this.directory = directory;
        this.out = out;
    }

    /** Changes nothing; returns the exit code. */
    int preview() {
        return tell(JournalRepair.examine(directory), "nothing was changed; --yes does it");
    }

    /** Returns the exit code. */
    int carryOut() {
        requireOwner();
        try (var repair = JournalRepair.lock(directory, ServiceJournal.options())) {
            var finding = repair.examine();
            switch (finding) {
                case JournalRepair.Finding.Nothing _,
                        JournalRepair.Finding.OutputsLost _,
                        JournalRepair.Finding.NewerVersion _ -> {}
                case JournalRepair.Finding.Hopeless hopeless -> {
                    int code = tell(hopeless, "");
                    if (hopeless.readable() > 0) {
                        var copies = copies();
                        repair.saveReadable(copies);
                        out.println("what could be read is in " + copies.resolve(JournalRepair.SALVAGED));
                    }
                    return code;
                }
                case JournalRepair.Finding.Damaged(var plan) -> {
                    tell(plan);
                    out.flush();
                    var copies = copies();
                    repair.carryOut(copies);
                    out.println("repaired; what was there before is in " + copies
                            + (plan.givesUp()
                                    ? ", and what could be read behind the damage in "
                                            + copies.resolve(JournalRepair.SALVAGED)
                                    : ""));
                    finding = repair.examine();
                }
            }
            return tell(finding, "some of it is still damaged; repair it again");
        } catch (LogException.Locked e) {
            // Also of a journal in use it can be said that there is nothing to do.
            var finding = JournalRepair.examine(directory);
            if (finding instanceof JournalRepair.Finding.Damaged || finding instanceof JournalRepair.Finding.Hopeless) {
                throw e;
            }
            return tell(finding, "");
        }
    }

    /** What another user writes the journal's own user may not be able to read. */
    private void requireOwner() {
        try {
            var owner = Files.getOwner(directory).getName();
            if (!Files.getAttribute(directory, "unix:uid").toString().equals(effectiveUser())) {
                // As sudo takes it, a user without a name is a number.
                var user = owner.chars().allMatch(Character::isDigit) ? "#" + owner : owner;
                throw new CommandFailure(
                        ExitCodes.FAILED,
                        directory + " belongs to the user " + owner
                                + ", whose service may not be able to read what another user writes there; run it as that"
                                + " user: sudo -u '" + user + "' …");
            }
        } catch (IOException e) {
            throw new CommandFailure(ExitCodes.FAILED, "cannot tell whose " + directory + " is: " + e);
        }
    }

    /** The kernel's word: the second of real, effective, saved and file system user. */
    private static String effectiveUser() throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("Uid:"))
                    .flatMap(line -> WORD.matcher(line).results())
                    .map(MatchResult::group)
                    .skip(2)
                    .findFirst()
                    .orElseThrow(() -> new IOException("/proc/self/status has no Uid"));
        }
    }

    private Path copies() {
        return directory.resolveSibling("journal-before-repair-"
                + DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS")
                        .withZone(ZoneOffset.UTC)
                        .format(Instant.now()));
    }

    /**
     * Prints it, and what is damaged beside the journal, which no repair mends.
     *
     * @param last what is said where something can be mended or given up
     */
    private int tell(JournalRepair.Finding finding, String last) {
        int code = switch (finding) {
            case JournalRepair.Finding.Nothing _ -> 0;
            case JournalRepair.Finding.OutputsLost(var lost) -> tell(lost);
            case JournalRepair.Finding.Hopeless hopeless -> tell(hopeless);
            case JournalRepair.Finding.NewerVersion newer -> tell(newer);
            case JournalRepair.Finding.Damaged(var plan) -> tell(plan);
        };
        if (finding instanceof JournalRepair.Finding.Damaged) {
            out.println(last);
        }
        var beside = DataProof.damageBeside(directory);
        beside.forEach(damage -> out.println("not mended by this, since it is beside the journal: " + damage));
        if (code == 0 && beside.isEmpty()) {
            out.println("nothing is damaged");
        }
        return beside.isEmpty() ? code : ExitCodes.FAILED;
    }

    private int tell(JournalVerifier.Verdict.OutputsLost lost) {
        out.println(
                "every event is intact; what is wrong with outputs of jobs is nothing that giving up events would mend");
        if (lost.lost() > 0) {
            out.println(lost.lost() + " outputs are lost");
        }
        if (lost.unreadable() > 0) {
            out.println(lost.unreadable() + " outputs could not be read, so nothing is known of them");
        }
        lost.outputs()
                .forEach(output ->
                        out.println("  job " + output.jobId() + ", event " + output.sequence() + ": " + output.what()));
        if (lost.outputs().size() < lost.lost() + lost.unreadable()) {
            out.println("  … and "
                    + (lost.lost() + lost.unreadable() - lost.outputs().size()) + " more");
        }
        if (lost.lost() > 0) {
            out.println("a file is named by the SHA-256 hash of its bytes, so each that is lost can be put back from a"
                    + " backup into " + lost.outputs().getFirst().file().getParent());
        }
        return ExitCodes.FAILED;
    }

    private int tell(JournalRepair.Finding.NewerVersion newer) {
        out.println("nothing is damaged up to event " + newer.sequence()
                + ", which is what was written and means nothing to this version. " + newer.what());
        out.println("nothing was changed: start the newer version that wrote it, or repair with that one");
        return ExitCodes.FAILED;
    }

    private int tell(JournalRepair.Finding.Hopeless hopeless) {
        out.println("damaged: " + hopeless.damage());
        out.println(
                "no event can be kept: the journal's beginning is missing or damaged, and nothing is left that proves"
                        + " what it was");
        out.println(
                "restore " + directory + " from a backup, or move it aside: the service begins an empty journal then");
        if (hopeless.readable() > 0) {
            out.println(
                    hopeless.readable() + " events can still be proved by themselves; --yes saves them to be read, and"
                            + " changes nothing");
        }
        return ExitCodes.FAILED;
    }

    private int tell(JournalRepair.Plan plan) {
        out.println("damaged: " + plan.damage());
        plan.mended()
                .forEach(file -> out.println("mended: " + file + ", written again from what the files beside it say"));
        if (plan.beginUnsure()) {
            out.println(
                    "not certain: whether the journal began with the first segment that is there. If an older one is"
                            + " missing that had not been given up, its jobs and their idempotency keys are lost");
        }
        out.println("kept: the events up to " + plan.lastKept());
        if (!plan.givesUp()) {
            out.println("given up: nothing");
            return ExitCodes.FAILED;
        }
        out.printf(
                "given up: all behind it. %d events of %d jobs there can still be proved by themselves, but not to follow"
                        + " what is kept: they are saved to be read, and do not count any more%n",
                plan.readable(), plan.jobs().size());
        plan.jobs().stream().sorted().forEach(job -> out.println("  job " + job));
        out.println("ended, since they may have gone on in what is given up: "
                + plan.unsure().size() + " jobs");
        plan.unsure().forEach(job -> out.println("  job " + job));
        return ExitCodes.FAILED;
    }
}
