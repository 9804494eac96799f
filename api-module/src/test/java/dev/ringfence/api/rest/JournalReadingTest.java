package dev.ringfence.api.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.journal.EventFilter;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.journal.JournalOptions;
import dev.ringfence.wal.log.LogException;
import io.smallrye.mutiny.Multi;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalReadingTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @TempDir
    Path directory;

    /** Whoever follows goes on at the number after the last one that was seen. */
    @Test
    void anAgentsEventsCanBeFollowedFromTheMiddleOfItsJobs() {
        try (var journal = Journal.recover(directory, JournalOptions.defaults()).journal()) {
            append(journal, submitted("a", "one"));
            append(journal, submitted("b", "other"));
            append(journal, new JobEvent.Started("a", Instant.now()));
            append(journal, new JobEvent.Started("b", Instant.now()));
            append(journal, submitted("c", "one"));
            append(journal, completed("b"));
            append(journal, completed("a"));

            assertThat(read(journal, 3, "one", null))
                    .satisfiesExactly(
                            line -> assertThat(line).contains("\"job\":\"a\"", "\"type\":\"started\""),
                            line -> assertThat(line).contains("\"job\":\"c\"", "\"type\":\"submitted\""),
                            line -> assertThat(line).contains("\"job\":\"a\"", "\"type\":\"completed\""));
            assertThat(read(journal, 7, null, "session of a")).hasSize(1);
            assertThat(read(journal, 7, null, "session of b")).isEmpty();
        }
    }

    @Test
    void eventsThatAreNotKeptAnyMoreAreRefusedAndNotPassedOver() throws IOException {
        var options = JournalOptions.defaults().withSizes(16 << 10, 4096).withRetention(Duration.ofDays(1), 40 << 10);
        try (var journal = Journal.recover(directory, options).journal()) {
            for (int i = 0; i < 200; i++) {
                append(journal, submitted("job " + i, "one"));
                append(journal, new JobEvent.Started("job " + i, Instant.now()));
                append(journal, completed("job " + i));
            }
            journal.snapshotNow();
            long first = journal.firstSequence();
            assertThat(first).isGreaterThan(1);

            assertThatThrownBy(() -> read(journal, first - 1, null, null))
                    .isInstanceOfSatisfying(
                            LogException.Discarded.class,
                            refused -> assertThat(refused.firstSequence()).isEqualTo(first));
            assertThat(read(journal, first, null, null)).hasSize((int) (600 - first + 1));
            assertThat(read(journal, 0, null, null)).hasSize((int) (600 - first + 1));
        }
    }

    /** Those before it were not told, and of the damage only that something had gone wrong. */
    @Test
    void theEventsBeforeADamageAreToldAndThenWhereItIs() throws IOException {
        try (var journal = Journal.recover(directory, JournalOptions.defaults()).journal()) {
            for (int i = 1; i <= 20; i++) {
                append(journal, submitted("job " + i, "one"));
            }
            var segment = damage("job 13");

            var lines = read(journal, 0, null, null);

            assertThat(lines).hasSize(13);
            assertThat(lines.subList(0, 12)).allSatisfy(line -> assertThat(line).contains("\"type\":\"submitted\""));
            assertThat(lines.getLast())
                    .startsWith("{\"problem\":{\"type\":\"/problems/journal-damaged\"")
                    .contains(segment.toString(), "offset", "record 13", "backup", "ringfence journal repair");
            assertThatThrownBy(() -> read(journal, 13, null, null))
                    .isInstanceOf(JournalReading.Damaged.class)
                    .hasMessageContainingAll(segment.toString(), "record 13");
            assertThat(Problems.ofJournal(new JournalReading.Damaged(journal, new IllegalStateException("where")))
                            .json()
                            .toString())
                    .contains("/problems/journal-damaged", "\"status\":500", "\"detail\":\"where\"");
        }
    }

    /** Changes one byte of an event, where its job's name is. */
    private Path damage(String job) throws IOException {
        try (var files = Files.list(directory)) {
            var segment = files.filter(file -> file.toString().endsWith(".wal"))
                    .findFirst()
                    .orElseThrow();
            var bytes = Files.readAllBytes(segment);
            int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(job);
            try (var channel = FileChannel.open(segment, StandardOpenOption.WRITE)) {
                channel.write(ByteBuffer.wrap(new byte[] {'J'}), at);
            }
            return segment;
        }
    }

    @Test
    void ofADamagedJournalThereIsAProblemWithThePlaceInsteadOfCounts() throws IOException {
        try (var journal = Journal.recover(directory, JournalOptions.defaults()).journal()) {
            append(journal, submitted("job 1", "one"));
            append(journal, submitted("job 2", "one"));
            assertThat(counted(journal)).contains("\"events\":{\"submitted\":2}");
            var segment = damage("job 1");

            assertThat(counted(journal))
                    .startsWith("{\"problem\":{\"type\":\"/problems/journal-damaged\"")
                    .contains(segment.toString(), "record 1");
        }
    }

    /** The end of a log looks as if it had not been written to its end: whoever read on got nothing, again and again. */
    @Test
    void whereTheNewestEventIsDamagedThatIsToldToo() throws IOException {
        try (var journal = Journal.recover(directory, JournalOptions.defaults()).journal()) {
            append(journal, submitted("job 1", "one"));
            append(journal, submitted("job 2", "one"));
            var _ = damage("job 2");

            assertThat(read(journal, 0, null, null).getLast())
                    .startsWith("{\"problem\":{\"type\":\"/problems/journal-damaged\"")
                    .contains("event 2 was written");
            assertThat(counted(journal)).contains("/problems/journal-damaged", "event 2 was written");
            assertThat(last(new JournalReading().proof(journal)))
                    .contains("\"intact\":false", "\"sequence\":2", "event 2 was written");
        }
    }

    @Test
    void ofAJournalThatHasLostAllItsEventsThereIsAProblemInsteadOfCountsOfNothing() throws IOException {
        try (var journal = Journal.recover(directory, JournalOptions.defaults()).journal()) {
            append(journal, submitted("job 1", "one"));
            var _ = damage("job 1");

            assertThat(counted(journal)).contains("/problems/journal-damaged", "event 1 was written");
        }
    }

    @Test
    void whoHangsUpWhileEventsAreCountedMakesNoDamageOfIt() throws IOException {
        try (var journal = Journal.recover(directory, JournalOptions.defaults()).journal()) {
            append(journal, submitted("job 1", "one"));
            append(journal, submitted("job 2", "one"));
            var stats = JournalReading.counted(journal, _ -> false);

            assertThat(stats.toString()).doesNotContain("problem");
        }
    }

    private static String counted(Journal journal) {
        return last(new JournalReading().counts(journal));
    }

    @Test
    void aProofThatBreaksOffIsToldToWhoWaitsForItAndLetsTheNextBegin() {
        var reading = new JournalReading();

        assertThat(proved(reading, _ -> {
                    throw new StackOverflowError("too deep");
                }))
                .isEqualTo("{\"intact\":false,\"what\":\"it cannot be read: too deep\"}\n");

        await().ignoreExceptionsInstanceOf(JournalReading.Busy.class)
                .untilAsserted(() -> assertThat(proved(
                                reading,
                                _ -> JsonNodeFactory.instance.objectNode().put("intact", true)))
                        .isEqualTo("{\"intact\":true}\n"));
    }

    private static String proved(JournalReading reading, Function<LongPredicate, ObjectNode> proof) {
        return last(reading.whole("reached", proof));
    }

    private static String last(Multi<byte[]> pieces) {
        return pieces.map(piece -> new String(piece, StandardCharsets.UTF_8))
                .collect()
                .last()
                .await()
                .atMost(PATIENCE);
    }

    private static List<String> read(Journal journal, long from, @Nullable String agent, @Nullable String session) {
        var filter = new EventFilter(null, agent, session, Set.of(), null, null, journal::summary);
        return new JournalReading()
                        .events(journal, from, filter)
                        .map(piece -> new String(piece, StandardCharsets.UTF_8))
                        .collect()
                        .asList()
                        .await()
                        .atMost(PATIENCE)
                        .stream()
                        .flatMap(String::lines)
                        .toList();
    }

    private static JobEvent submitted(String id, String agent) {
        return new JobEvent.Submitted(
                id,
                Instant.now(),
                agent,
                "session of " + id,
                "ShellExec",
                JsonNodeFactory.instance.objectNode(),
                "secure",
                PATIENCE,
                null,
                0);
    }

    private static JobEvent completed(String id) {
        return new JobEvent.Completed(id, Instant.now(), JsonNodeFactory.instance.objectNode());
    }

    private static void append(Journal journal, JobEvent event) {
        var _ = journal.append(event).await().atMost(PATIENCE);
    }
}
