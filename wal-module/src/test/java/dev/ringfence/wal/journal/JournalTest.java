package dev.ringfence.wal.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.ringfence.wal.log.Health;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.Tail;
import dev.ringfence.wal.log.WriteAheadLog;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
    private static final JournalOptions OPTIONS = JournalOptions.defaults().withSizes(1 << 16, 4096);

    @TempDir
    Path directory;

    @Test
    void aRestartRebuildsEveryJob() {
        write(
                Events.submitted("done"),
                Events.submitted("waiting"),
                Events.started("done"),
                Events.submitted("running"),
                Events.started("running"),
                Events.completed("done"));

        try (var journal = assertRecovered().journal()) {
            assertThat(journal.health()).isEqualTo(new Health.Writable());
            assertThat(journal.lastSequence()).isEqualTo(6);
            assertThat(append(journal, Events.interrupted("running"))).isEqualTo(7);
            assertThat(append(journal, Events.started("waiting"))).isEqualTo(8);
        }
    }

    private Journal.Recovered assertRecovered() {
        var recovered = Journal.recover(directory, OPTIONS);
        assertThat(recovered.tail()).isEqualTo(new Tail.Clean());
        assertThat(recovered.jobs())
                .containsExactly(
                        new JobRecord(Events.submitted("waiting"), new JobState.Submitted(0), 2, 2),
                        new JobRecord(
                                Events.submitted("running"),
                                new JobState.Started(Events.started("running").at(), 1, null),
                                4,
                                5));
        assertThat(recovered.journal().find("done"))
                .contains(new JobRecord(
                        Events.submitted("done"),
                        new JobState.Ended(Events.started("done").at(), 1, null, Events.completed("done"), 6, null),
                        1,
                        6));
        return recovered;
    }

    @Test
    void eventsThatAreGivenTogetherStandTogetherOrAreAllRefused() {
        try (var journal = open()) {
            append(journal, Events.submitted("j"));
            assertThatThrownBy(() -> together(journal, Events.validated("j"), Events.completed("j")))
                    .isInstanceOf(JournalException.IllegalTransition.class);
            assertThat(journal.lastSequence()).isEqualTo(1);

            assertThat(together(journal, Events.validated("j"), Events.started("j")))
                    .isEqualTo(3);
            assertThat(together(journal, Events.validated("j"), Events.completed("j")))
                    .isEqualTo(5);

            var job = journal.find("j").orElseThrow();
            assertThat(job.lastSequence()).isEqualTo(5);
            assertThat(job.state())
                    .isInstanceOfSatisfying(
                            JobState.Ended.class,
                            ended -> assertThat(ended.endSequence()).isEqualTo(5));
            assertThatThrownBy(() -> together(journal, Events.rolledBack("j"), Events.validated("j")))
                    .isInstanceOf(JournalException.IllegalTransition.class);
            assertThatThrownBy(() -> together(journal, Events.submitted("a"), Events.submitted("b")))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        var events = new ArrayList<String>();
        Journal.read(directory, 1, entry -> events.add(entry.event().type()));
        assertThat(events).containsExactly("submitted", "validated", "started", "validated", "completed");
    }

    private static long together(Journal journal, JobEvent... events) {
        return journal.append(List.of(events)).await().atMost(Duration.ofMinutes(2));
    }

    @Test
    void anEventThatCannotFollowIsRefusedAndNotWritten() {
        try (var journal = open()) {
            append(journal, Events.submitted("j"));
            assertThatThrownBy(() -> append(journal, Events.completed("j")))
                    .isInstanceOf(JournalException.IllegalTransition.class)
                    .hasMessage("Job j is submitted, so it cannot be completed");
            assertThatThrownBy(() -> append(journal, Events.started("nobody")))
                    .isInstanceOf(JournalException.IllegalTransition.class)
                    .hasMessageContaining("unknown");
            append(journal, Events.cancelled("j"));
            assertThatThrownBy(() -> append(journal, Events.started("j")))
                    .isInstanceOf(JournalException.IllegalTransition.class)
                    .hasMessageContaining("cancelled");
        }
        try (var journal = open()) {
            assertThat(journal.lastSequence()).isEqualTo(2);
            assertThatThrownBy(() -> append(journal, Events.started("j")))
                    .isInstanceOf(JournalException.IllegalTransition.class)
                    .hasMessageContaining("cancelled");
        }
    }

    @Test
    void ofRacingEndsExactlyOneWins() {
        try (var journal = open()) {
            var outcomes = new ArrayList<List<CompletableFuture<Long>>>();
            for (int i = 0; i < 200; i++) {
                var id = "job-" + i;
                outcomes.add(List.of(
                        start(journal, Events.submitted(id)),
                        start(journal, Events.started(id)),
                        start(journal, i % 2 == 0 ? Events.completed(id) : Events.cancelled(id)),
                        start(journal, Events.timedOut(id)),
                        start(journal, Events.failed(id))));
            }
            await().until(() -> outcomes.stream().flatMap(List::stream).allMatch(CompletableFuture::isDone));
            assertThat(outcomes)
                    .allSatisfy(job -> assertThat(job.stream().map(CompletableFuture::isCompletedExceptionally))
                            .containsExactly(false, false, false, true, true));
        }
        try (var journal = open()) {
            assertThat(journal.lastSequence()).isEqualTo(600);
        }
    }

    @Test
    void theEventsCanBeReadWhileTheJournalIsInUse() {
        try (var journal = open()) {
            var events = IntStream.range(0, 500)
                    .<JobEvent>mapToObj(i -> Events.submitted("job-" + i))
                    .toList();
            events.forEach(event -> append(journal, event));
            assertThat(read(1)).extracting(JournalRecord::event).isEqualTo(events);
            assertThat(read(400)).extracting(JournalRecord::event).isEqualTo(events.subList(399, 500));
            assertThat(read(400).getFirst().sequence()).isEqualTo(400);

            var seen = new ArrayList<JournalRecord>();
            Journal.readWhile(directory, 1, entry -> {
                seen.add(entry);
                return seen.size() < 3;
            });
            assertThat(seen).hasSize(3);
        }
    }

    @Test
    void aRecordThatDoesNotFollowTheOneBeforeIsFoundAndNamed() {
        write(Events.submitted("a"), Events.submitted("b"));
        try (var log = rawLog()) {
            var elsewhere = EventRecord.of(Events.submitted("x"), 4096).after(new byte[0]);
            var _ = log.append(EventRecord.of(Events.submitted("c"), 4096).after(elsewhere))
                    .toCompletableFuture()
                    .join();
        }

        assertThatThrownBy(this::open)
                .isInstanceOf(JournalException.Broken.class)
                .hasMessageContaining("broken at event 3")
                .hasMessageContaining("hash");
        assertThatThrownBy(() -> read(1)).isInstanceOf(JournalException.Broken.class);
    }

    @Test
    void anImpossibleHistoryIsFoundAndNamed() {
        write(Events.submitted("a"));
        try (var log = rawLog()) {
            var _ = log.append(EventRecord.of(Events.completed("a"), 4096))
                    .toCompletableFuture()
                    .join();
        }
        assertThatThrownBy(this::open)
                .isInstanceOf(JournalException.Broken.class)
                .hasMessageContaining("event 2")
                .hasMessageContaining("Job a is submitted, so it cannot be completed");
    }

    @Test
    void anEventThatIsTooLargeIsRefusedWithLimitAndSize() {
        try (var journal = open()) {
            append(journal, Events.submitted("j"));
            append(journal, Events.started("j"));
            var large = new JobEvent.Completed("j", Events.AT, TextNode.valueOf("x".repeat(5_000)));
            assertThatThrownBy(() -> append(journal, large))
                    .isInstanceOf(JournalException.TooLarge.class)
                    .hasMessageMatching(".* has 5\\d{3} bytes; the limit is 4096 \\(maxEventBytes\\)");
            assertThat(append(journal, Events.failed("j"))).isEqualTo(3);
        }
    }

    @Test
    void anEventOfTheLargestSizeFits() {
        try (var journal = open()) {
            var empty = EventCodec.encode(withArguments("")).length;
            assertThat(append(journal, withArguments("x".repeat(4096 - empty)))).isEqualTo(1);
            assertThatThrownBy(() -> append(journal, withArguments("x".repeat(4097 - empty))))
                    .isInstanceOf(JournalException.TooLarge.class);
        }
    }

    @Test
    void aJournalInUseIsLockedAndFreeOnceClosed() {
        try (var _ = open()) {
            assertThatThrownBy(this::open).isInstanceOf(LogException.Locked.class);
        }
        open().close();
    }

    @Test
    void manyJobsAtOnceAreRecoveredWithTheirEnds() {
        try (var journal = open()) {
            var ends = IntStream.range(0, 2_000)
                    .mapToObj(i -> live(journal, "job-" + i))
                    .toList();
            await().until(() -> ends.stream().allMatch(CompletableFuture::isDone));
            assertThat(ends).noneMatch(CompletableFuture::isCompletedExceptionally);
        }
        try (var journal = open()) {
            assertThat(journal.figures().liveJobs()).isZero();
            assertThat(journal.list(JobQuery.all(), OptionalLong.empty(), 3_000).jobs())
                    .hasSize(2_000)
                    .allMatch(job -> job.state().equals("completed"));
        }
        Map<String, Long> kinds = read(1).stream()
                .collect(Collectors.groupingBy(entry -> entry.event().type(), Collectors.counting()));
        assertThat(kinds)
                .containsOnly(
                        Map.entry("submitted", 2_000L), Map.entry("started", 2_000L), Map.entry("completed", 2_000L));
    }

    private static CompletableFuture<Long> live(Journal journal, String id) {
        return journal.append(Events.submitted(id))
                .chain(() -> journal.append(Events.started(id)))
                .chain(() -> journal.append(Events.completed(id)))
                .subscribeAsCompletionStage();
    }

    private static JobEvent withArguments(String text) {
        return new JobEvent.Submitted(
                "j", Events.AT, "a", "c", TextNode.valueOf(text), "p", Duration.ofSeconds(1), null);
    }

    private Journal open() {
        return Journal.recover(directory, OPTIONS).journal();
    }

    private WriteAheadLog rawLog() {
        return WriteAheadLog.recover(directory, OPTIONS.log(), (sequence, time, payload) -> {})
                .log();
    }

    private void write(JobEvent... events) {
        try (var journal = open()) {
            for (var event : events) {
                append(journal, event);
            }
        }
    }

    private List<JournalRecord> read(long from) {
        var all = new ArrayList<JournalRecord>();
        Journal.read(directory, from, all::add);
        return all;
    }

    private static long append(Journal journal, JobEvent event) {
        return journal.append(event).await().atMost(Duration.ofMinutes(2));
    }

    private static CompletableFuture<Long> start(Journal journal, JobEvent event) {
        return journal.append(event).subscribeAsCompletionStage();
    }
}
