package dev.ringfence.wal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringfence.wal.log.Health;
import dev.ringfence.wal.log.Payload;
import dev.ringfence.wal.log.RecordVisitor;
import dev.ringfence.wal.log.Segment;
import dev.ringfence.wal.log.WriteAheadLog;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class JobLinesTest {
    private final ManualLog log = new ManualLog();
    private final JobIndex index = new JobIndex(() -> 1);
    private final JobLines lines = new JobLines(log, new JobTable(index), sequence -> {}, () -> {});

    @Test
    void anEventIsNotGivenToTheLogBeforeTheOneBeforeItIsDurable() {
        var _ = append(Events.submitted("j"));
        var _ = append(Events.started("j"));
        var _ = append(Events.submitted("other"));
        assertThat(log.waiting).hasSize(2);

        log.succeed();
        log.succeed();

        assertThat(log.waiting).hasSize(1);
    }

    @Test
    void anAppendThatFailedLeavesTheJobWhereItWas() {
        var _ = append(Events.submitted("j"));
        log.succeed();
        var lost = append(Events.started("j"));
        var after = append(Events.completed("j"));

        log.fail();

        assertThat(lost).isCompletedExceptionally();
        assertThat(after).isCompletedExceptionally();
        var again = append(Events.started("j"));
        log.succeed();
        assertThat(again).isCompleted();
    }

    @Test
    void anEventThatCannotBeJudgedIsToldAndHoldsUpNobody() {
        var event = Events.submitted("j");
        var encoded = List.of(EventRecord.of(event, 1 << 20));

        // What is no event, in the stead of a heap that is full at this very moment.
        assertThat(lines.append(Arrays.asList(event, null), encoded).subscribeAsCompletionStage())
                .isCompletedExceptionally();

        var again = append(event);
        log.succeed();
        assertThat(again).isCompleted();
    }

    @Test
    void anEventThatTheLogTakesAndTheTableDoesNotIsToldAndNothingMoreIsJudgedByTheTable() {
        var submitted = append(Events.submitted("j"));
        var behind = append(Events.started("j"));
        // A place that is none, in the stead of a heap that is full at this very moment.
        log.waiting.remove().complete(null);

        assertThat(submitted).isCompletedExceptionally();
        assertThat(behind)
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withMessageContaining("when it has been opened again");
        assertThat(log.waiting).isEmpty();
    }

    @Test
    void anAppendThatTheLogThrowsAtIsTold() {
        log.broken = true;

        assertThat(append(Events.submitted("j"))).isCompletedExceptionally();
        assertThat(append(Events.submitted("other"))).isCompletedExceptionally();
    }

    @Test
    void aSubmissionThatFailedCanBeMadeAgain() {
        var _ = append(Events.submitted("j"));
        log.fail();
        var again = append(Events.submitted("j"));
        log.succeed();
        assertThat(again).isCompleted();
    }

    @Test
    void newJobsAreSubmittedAndEndedWhileTheIndexIsMadeAnew() {
        index.damaged("a byte has flipped");

        for (var event : List.of(Events.submitted("j"), Events.started("j"), Events.completed("j"))) {
            var done = append(event);
            log.succeed();
            assertThat(done).isCompleted();
        }
        assertThat(append(Events.submitted("j")))
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withCauseInstanceOf(JournalException.IllegalTransition.class);
        assertThat(append(Events.started("older")))
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withCauseInstanceOf(JournalException.IndexDamaged.class);
    }

    @Test
    void aLineHasAnEnd() {
        var _ = append(Events.submitted("j"));
        for (int i = 0; i < 15; i++) {
            assertThat(append(Events.started("j"))).isNotDone();
        }
        assertThat(append(Events.started("j")))
                .isCompletedExceptionally()
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withCauseInstanceOf(JournalException.Saturated.class);
    }

    private CompletableFuture<Long> append(JobEvent event) {
        return lines.append(List.of(event), List.of(EventRecord.of(event, 1 << 20)))
                .subscribeAsCompletionStage();
    }

    /** A log whose appends end when the test says so. */
    private static final class ManualLog implements WriteAheadLog {
        private boolean broken;
        private final ArrayDeque<CompletableFuture<Long>> waiting = new ArrayDeque<>();

        void succeed() {
            waiting.remove().complete(1L);
        }

        void fail() {
            waiting.remove().completeExceptionally(new IllegalStateException("no room"));
        }

        @Override
        public CompletionStage<Long> append(List<Payload> payloads) {
            if (broken) {
                throw new InternalError("no room for a thread");
            }
            var done = new CompletableFuture<Long>();
            waiting.add(done);
            return done;
        }

        @Override
        public void read(long fromSequence, RecordVisitor visitor) {}

        @Override
        public long lastSequence() {
            return 0;
        }

        @Override
        public long firstSequence() {
            return 1;
        }

        @Override
        public List<Segment> segments() {
            return List.of();
        }

        @Override
        public long discardBefore(long sequence) {
            return 1;
        }

        @Override
        public Health health() {
            return new Health.Writable();
        }

        @Override
        public void close() {}
    }
}
