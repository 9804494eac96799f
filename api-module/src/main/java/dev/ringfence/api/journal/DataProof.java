package dev.ringfence.api.journal;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.wal.journal.JournalVerifier;
import dev.ringfence.wal.journal.JournalVerifier.Verdict;
import dev.ringfence.wal.map.MapVerifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongPredicate;

/** Proves all that a data directory's logs hold: the journal, and the sessions and untold webhooks beside it. */
public final class DataProof {
    /** The logs beside the journal, as folders of the data directory. */
    private static final List<String> MAPS = List.of("sessions", "webhooks");

    private DataProof() {}

    /**
     * What was found, as JSON. Its {@code intact} is about all of it. Needs no lock.
     *
     * @param data the data directory
     * @param progress hears numbers of events, and says whether to go on
     */
    public static ObjectNode verify(Path data, LongPredicate progress) {
        var verdict = JournalVerifier.verify(data.resolve("journal"), progress);
        var json = Verdicts.json(verdict);
        if (verdict instanceof Verdict.Stopped) {
            return json;
        }
        // What the numbers tell is how far the journal has been read.
        MAPS.forEach(name -> verify(json, name, data.resolve(name), _ -> progress.test(lastOf(json))));
        return json;
    }

    private static long lastOf(ObjectNode json) {
        return json.path("last_sequence").asLong();
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

    /** What is damaged beside the journal, each with what that costs; none if nothing is. */
    public static List<String> damageBesideTheJournal(Path data) {
        return MAPS.stream()
                .filter(name -> Files.isDirectory(data.resolve(name)))
                .flatMap(name -> switch (MapVerifier.verify(data.resolve(name), _ -> true)) {
                    case MapVerifier.Verdict.Broken broken ->
                        List.of(name + ": " + broken.what() + ". " + lostWith(name)).stream();
                    case MapVerifier.Verdict.Intact _, MapVerifier.Verdict.Stopped _ -> List.<String>of().stream();
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
