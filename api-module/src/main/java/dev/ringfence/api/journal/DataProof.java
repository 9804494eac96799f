package dev.ringfence.api.journal;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.wal.journal.JournalVerifier;
import dev.ringfence.wal.journal.JournalVerifier.Verdict;
import dev.ringfence.wal.map.MapVerifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongPredicate;
import java.util.stream.Stream;

/** Proves all that a data directory's logs hold: the journal, and the sessions and untold webhooks beside it. */
public final class DataProof {
    /** The logs beside the journal, as folders of the data directory. */
    private static final List<String> MAPS = List.of("sessions", "webhooks");

    private DataProof() {}

    /**
     * What was found, as JSON. Its {@code intact} is about all of it. Needs no lock.
     *
     * @param journal the journal's directory; the other logs lie beside it
     * @param progress hears numbers of events, and says whether to go on
     */
    public static ObjectNode verify(Path journal, LongPredicate progress) {
        var reached = new long[1];
        var verdict = JournalVerifier.verify(journal, sequence -> {
            reached[0] = sequence;
            return progress.test(sequence);
        });
        var json = Verdicts.json(verdict);
        if (verdict instanceof Verdict.Broken) {
            json.put("remedy", "restore the directory from a backup; " + repair(journal));
        }
        if (!(verdict instanceof Verdict.Stopped)) {
            MAPS.forEach(name -> verify(json, name, journal.resolveSibling(name), _ -> progress.test(reached[0])));
        }
        return json;
    }

    /** Where the events are damaged, what is left to do without a backup. */
    public static String repair(Path journal) {
        return "\"ringfence journal repair --data " + journal.getParent() + "\" says what could be kept";
    }

    private static void verify(ObjectNode json, String name, Path directory, LongPredicate progress) {
        // There is none before the first service.
        if (!Files.isDirectory(directory)) {
            return;
        }
        var verdict = MapVerifier.verify(directory, progress);
        json.set(name, Verdicts.json(verdict));
        if (verdict instanceof MapVerifier.Verdict.Broken) {
            boolean first = json.path("intact").asBoolean();
            json.put("intact", false);
            if (first) {
                json.put("what", "the log of " + name + " is damaged");
            }
        }
    }

    /** What is damaged beside a journal, each with what that costs; none if nothing is. */
    public static List<String> damageBeside(Path journal) {
        return MAPS.stream()
                .filter(name -> Files.isDirectory(journal.resolveSibling(name)))
                .flatMap(name -> switch (MapVerifier.verify(journal.resolveSibling(name), _ -> true)) {
                    case MapVerifier.Verdict.Broken broken ->
                        Stream.of(name + ": " + broken.what() + ". " + lostWith(name));
                    case MapVerifier.Verdict.Intact _, MapVerifier.Verdict.Stopped _ -> Stream.empty();
                })
                .toList();
    }

    /** What whoever moves one of the logs beside the journal aside has to know. */
    public static String lostWith(String name) {
        return switch (name) {
            case "sessions" ->
                "Moving it aside forgets which sessions there are and which of them are closed; their jobs stay in the"
                        + " journal and their workspaces on the disk, and a job that names a session makes it anew";
            case "webhooks" ->
                "Moving it aside forgets which ends of jobs have yet to be told to an endpoint; the jobs themselves are in"
                        + " the journal";
            default -> throw new IllegalArgumentException(name);
        };
    }
}
