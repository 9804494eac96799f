package dev.ringfence.api.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.journal.JournalOptions;
import dev.ringfence.wal.map.DurableMap;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is asked of a journal that no service uses. */
class JournalCommandTest {
    private static final JournalOptions SMALL = JournalOptions.defaults().withSizes(16 << 10, 4096);
    private static final JournalOptions FEW = SMALL.withRetention(Duration.ofDays(1000), 3 * (16 << 10));

    @TempDir
    Path data;

    @Test
    void aRepairSaysWhatItMendsAndGivesNothingUpForIt() throws IOException {
        fill(SMALL, 100);
        flip(segment(1), 30);

        var preview = run("journal", "repair");
        assertThat(preview.code).isEqualTo(1);
        assertThat(preview.out)
                .contains("mended: ", "given up: nothing", "nothing was changed; --yes does it")
                .doesNotContain("move the directory aside");
        var repaired = run("journal", "repair", "--yes");
        assertThat(repaired.code).isZero();
        // It said that nothing was changed, and then that it was repaired.
        assertThat(repaired.out)
                .contains("repaired; what was there before is in", "nothing is damaged")
                .doesNotContainIgnoringCase("nothing was changed");
        assertThat(run("journal", "dump").out.lines()).hasSize(300);
    }

    /** They advised to move the directory aside, and not to mend what can be mended. */
    @ParameterizedTest
    @ValueSource(strings = {"verify", "stats", "dump"})
    void whoFindsDamageIsToldOfTheRepair(String command) throws IOException {
        fill(SMALL, 100);
        flip(segment(1), 30);

        var ran = run("journal", command);

        assertThat(ran.code).isEqualTo(1);
        assertThat(ran.out + ran.err).contains("ringfence journal repair --data " + data);
    }

    @Test
    void aJournalWithoutABeginningIsNotTouched() throws IOException {
        fill(SMALL, 100);
        flip(segment(1), 30);
        flip(segment(1), 64 + 40);

        assertThat(run("journal", "repair").out)
                .contains("no event can be kept", "move it aside")
                .doesNotContain("--yes does it");
        var ran = run("journal", "repair", "--yes");
        assertThat(ran.code).isEqualTo(1);
        assertThat(ran.out).contains("what could be read is in", "salvaged.jsonl");
        assertThat(data.resolve("journal/repair.unfinished")).doesNotExist();
    }

    /** As root it once wrote files that the service's user could not read: the next start ended. */
    @Test
    void onlyTheUserWhoseTheJournalIsRepairsIt() throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "nobody else can give a file away");
        fill(SMALL, 100);
        flip(segment(1), 30);
        Files.setAttribute(data.resolve("journal"), "unix:uid", 54_321);

        var ran = run("journal", "repair", "--yes");
        assertThat(ran.code).isEqualTo(1);
        assertThat(ran.err).contains("belongs to the user 54321", "sudo -u '#54321'");
        assertThat(Files.exists(data.resolve("journal/repair.unfinished"))).isFalse();
        assertThat(run("journal", "repair").out).contains("mended: ");
    }

    /** Damage there once stopped the start, while this said that all was intact. */
    @Test
    void damageBesideTheJournalIsNamed() throws IOException {
        fill(SMALL, 3);
        for (var name : List.of("sessions", "webhooks")) {
            try (var map = DurableMap.open(data.resolve(name))) {
                for (int i = 0; i < 3; i++) {
                    var value = JsonNodeFactory.instance.objectNode().put("number", i);
                    var _ = map.put("key " + i, value).await().atMost(Duration.ofMinutes(2));
                }
            }
        }
        var intact = run("journal", "verify");
        assertThat(intact.code).isZero();
        assertThat(intact.out)
                .contains(
                        "\"sessions\":{\"intact\":true,\"entries\":3}", "\"webhooks\":{\"intact\":true,\"entries\":3}");

        flip(data.resolve("sessions").resolve(segment(1).getFileName()), 64 + 40);
        var damaged = run("journal", "verify");
        assertThat(damaged.code).isEqualTo(1);
        assertThat(damaged.out)
                .startsWith("{\"intact\":false,")
                .contains("the log of sessions is damaged", "\"offset\":64", "\"last_sequence\":9");
        var repair = run("journal", "repair");
        assertThat(repair.code).isEqualTo(1);
        assertThat(repair.out)
                .contains("not mended by this", "sessions: ", "forgets which sessions there are")
                .doesNotContain("nothing is damaged");
    }

    /** The end of a job whose submission was given up once was left out without a word. */
    @Test
    void theEventsOfJobsThatNobodyKnowsAnyMoreAreCounted() throws IOException {
        try (var journal = Journal.recover(data.resolve("journal"), FEW).journal()) {
            append(journal, submitted("long"), new JobEvent.Started("long", Instant.now()));
            fill(journal, 100);
            append(journal, completed("long"));
            journal.snapshotNow();
            assertThat(journal.firstSequence()).isGreaterThan(2);
        }
        var ran = run("journal", "dump", "--agent", "someone");
        assertThat(ran.code).isZero();
        assertThat(ran.out.lines()).isNotEmpty().noneMatch(line -> line.contains("\"job\":\"long\""));
        assertThat(ran.err).contains("left out the events of ", "submission is not kept any more");
        assertThat(run("journal", "dump").err).isEmpty();
        assertThat(run("journal", "dump", "--job", "long").out.lines()).hasSize(1);
    }

    @Test
    void whatCannotBeCountedIsSaidWithoutAStackTrace() throws IOException {
        fill(SMALL, 3);
        Files.createSymbolicLink(data.resolve("journal/blobs"), Path.of("blobs"));

        var ran = run("journal", "stats");
        assertThat(ran.code).isEqualTo(1);
        assertThat(ran.err).contains("Cannot read").doesNotContain("\tat ");
    }

    /** Both were called blobs, and one of them was twice the other. */
    @Test
    void outputsThatEventsNameAreToldApartFromTheFilesThatHoldThem() throws IOException {
        try (var journal = Journal.recover(data.resolve("journal"), SMALL).journal()) {
            for (var id : List.of("one", "two")) {
                try (var writer = journal.blobs().write("stdout")) {
                    writer.write(new byte[40_000], 0, 40_000);
                    var end = new JobEvent.Completed(
                            id, Instant.now(), JsonNodeFactory.instance.objectNode(), List.of(writer.finish()));
                    append(journal, submitted(id), new JobEvent.Started(id, Instant.now()), end);
                }
            }
        }

        assertThat(run("journal", "verify").out)
                .contains("\"named_outputs\":2,\"named_output_bytes\":80000")
                .doesNotContain("blobs");
        assertThat(run("journal", "stats").out).contains("\"blobs\" : 1", "\"blob_bytes\" : 40000");
    }

    private Path segment(int number) {
        return data.resolve("journal").resolve("%020d.wal".formatted(number));
    }

    private void fill(JournalOptions options, int jobs) {
        try (var journal = Journal.recover(data.resolve("journal"), options).journal()) {
            fill(journal, jobs);
        }
    }

    private static void fill(Journal journal, int jobs) {
        for (int i = 0; i < jobs; i++) {
            var id = "job-" + i;
            append(journal, submitted(id), new JobEvent.Started(id, Instant.now()), completed(id));
        }
    }

    private static JobEvent submitted(String id) {
        return new JobEvent.Submitted(
                id,
                Instant.now(),
                "someone",
                "ShellExec",
                JsonNodeFactory.instance.objectNode().put("cmd", "x".repeat(300)),
                "secure",
                Duration.ofSeconds(60),
                null);
    }

    private static JobEvent completed(String id) {
        return new JobEvent.Completed(id, Instant.now(), JsonNodeFactory.instance.objectNode());
    }

    private static void append(Journal journal, JobEvent... events) {
        var _ = journal.append(List.of(events)).await().atMost(Duration.ofMinutes(2));
    }

    private static void flip(Path file, int at) throws IOException {
        var bytes = Files.readAllBytes(file);
        bytes[at] ^= 1;
        Files.write(file, bytes);
    }

    private record Ran(int code, String out, String err) {}

    private Ran run(String... arguments) {
        var out = new StringWriter();
        var err = new StringWriter();
        var line = new java.util.ArrayList<>(List.of(arguments));
        line.addAll(List.of("--data", data.toString()));
        int code = Main.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(line.toArray(String[]::new));
        return new Ran(code, out.toString(), err.toString());
    }
}
