package dev.ringfence.wal.journal;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.wal.log.LogException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * A life of a whole journal: jobs with blobs and keys, undone ones, audited acts, snapshots, files of the index, retention.
 * Tells each step in a line before or after it is done: {@code + event} submitted, {@code = sequence event} acknowledged,
 * {@code - event} refused, {@code ? event} failed, {@code . end}.
 */
final class JournalFaultChild {
    static final JournalOptions OPTIONS = JournalOptions.defaults()
            .withSizes(1 << 14, 4096)
            .withSnapshots(7, 3)
            .withRetention(Duration.ofDays(1000), 5L << 14);

    private final String life;
    private final Journal journal;
    private final List<String> ended = new ArrayList<>();
    private long millis;

    /** @param life a word and, behind a hyphen, its number */
    private JournalFaultChild(String life, Journal journal) {
        // No two events of any lives are alike.
        millis = 1000 * Long.parseLong(life.substring(life.indexOf('-') + 1));
        this.life = life;
        this.journal = journal;
    }

    public static void main(String[] arguments) {
        try {
            var recovered = Journal.recover(Path.of(arguments[0]), OPTIONS);
            try (var journal = recovered.journal()) {
                new JournalFaultChild(arguments[1], journal).live(recovered.jobs());
            }
            say(". " + recovered.journal().health());
        } catch (LogException | JournalException e) {
            say(". " + e);
        }
    }

    private void live(List<JobRecord> left) {
        for (var job : left) {
            append(new JobEvent.Cancelled(job.jobId(), now(), "service-restarted", Events.DATA));
        }
        for (int round = 0; round < 12; round++) {
            var id = life + "." + round;
            append(new JobEvent.Submitted(
                    id,
                    now(),
                    "agent",
                    "FileRead",
                    JsonNodeFactory.instance.objectNode().put("text", "x".repeat(round * 311 % 2000)),
                    "default",
                    Duration.ofSeconds(30),
                    "key-" + id));
            append(new JobEvent.Started(id, now()));
            if (round % 4 == 1) {
                append(new JobEvent.Retried(id, now(), "service-restarted", 1));
                append(new JobEvent.Started(id, now()));
            }
            if (round % 5 != 4) {
                end(id, round);
            }
            if (round % 4 == 3 && ended.size() > 2) {
                append(new JobEvent.RolledBack(ended.removeFirst(), now(), id, Events.DATA));
            }
            if (round % 6 == 5) {
                snapshot();
            }
        }
    }

    private void end(String id, int round) {
        var blobs = new ArrayList<BlobRef>();
        try (var writer = journal.blobs().write("stdout")) {
            // Every third job of all lives gives the same, which is kept once.
            var bytes = ((round % 3 == 0 ? "many" : id) + "y".repeat(700)).getBytes(StandardCharsets.US_ASCII);
            writer.write(bytes, 0, 300);
            writer.write(bytes, 300, bytes.length - 300);
            blobs.add(writer.finish());
        } catch (IOException | UncheckedIOException e) {
            // It has no output then.
        }
        append(new JobEvent.Completed(id, now(), Events.DATA, blobs));
        blobs.forEach(journal.blobs()::release);
        ended.add(id);
    }

    private void snapshot() {
        try {
            journal.snapshotNow();
        } catch (IOException | UncheckedIOException | LogException | JournalException e) {
            // Tried again, some time. What it leaves is judged.
        }
    }

    private Instant now() {
        return Events.AT.plusMillis(millis++);
    }

    private void append(JobEvent event) {
        var json = EventCodec.toJson(event).toString();
        say("+ " + json);
        try {
            say("= " + journal.append(event).await().atMost(Duration.ofMinutes(2)) + " " + json);
        } catch (LogException.NoSpace | JournalException e) {
            say("- " + json);
        } catch (LogException e) {
            say("? " + json);
        }
    }

    private static void say(String line) {
        System.out.println(line);
    }

    /**
     * Reads what a child said, also when it was cut off in the middle of a line.
     *
     * @return how it ended; nothing where it was killed
     */
    static List<String> judge(List<String> lines, JournalOracle oracle) throws IOException {
        var failed = false;
        var ends = new ArrayList<String>();
        for (var line : lines) {
            var rest = line.length() < 2 ? "" : line.substring(2);
            switch (line.isEmpty() ? ' ' : line.charAt(0)) {
                case '+' -> oracle.submitted(List.of(event(rest)));
                case '=' -> {
                    JournalOracle.require(!failed, "acknowledged after a failure: " + line);
                    var space = rest.indexOf(' ');
                    oracle.acknowledged(
                            Long.parseLong(rest.substring(0, space)), List.of(event(rest.substring(space))));
                }
                case '-' -> oracle.refused(List.of(event(rest)));
                case '?' -> failed = true;
                case '.' -> ends.add(rest);
                default -> throw new AssertionError("not of the child: " + line);
            }
        }
        return ends;
    }

    private static JournalEvent event(String json) throws IOException {
        var bytes = json.getBytes(StandardCharsets.UTF_8);
        return EventCodec.fromJson(0, EventCodec.parse(bytes, 0, bytes.length));
    }
}
