package dev.ringfence.api.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SignalsTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @Test
    void aLateWatcherHearsEverythingInOrder() {
        var signals = new Signals(10_000);
        signals.changed(Submitted.view("a", JobView.State.SUBMITTED));
        signals.changed(Submitted.view("a", JobView.State.STARTED));
        signals.output("stdout", "one");
        signals.output("stderr", "two");
        signals.changed(Submitted.view("a", JobView.State.COMPLETED));

        assertThat(words(all(signals, 0))).containsExactly("1 submitted", "2 started", "3 one", "4 two", "5 completed");
    }

    @Test
    void aWatcherGoesOnAfterTheSignalItNames() {
        var signals = new Signals(10_000);
        signals.changed(Submitted.view("a", JobView.State.STARTED));
        signals.output("stdout", "one");
        signals.output("stdout", "two");
        signals.changed(Submitted.view("a", JobView.State.FAILED));

        assertThat(words(all(signals, 2))).containsExactly("3 two", "4 failed");
    }

    @Test
    void theEndIsToldToWhoeverAsksAfterIt() {
        var signals = new Signals(10_000);
        signals.changed(Submitted.view("a", JobView.State.STARTED));
        signals.changed(Submitted.view("a", JobView.State.INTERRUPTED));

        assertThat(words(all(signals, 2))).containsExactly("2 interrupted");
    }

    @Test
    void aNumberThatWasNotGivenYetMeansTheEnd() {
        var signals = new Signals(10_000);
        signals.changed(Submitted.view("a", JobView.State.STARTED));
        var watcher = new Watcher(signals, 57);
        watcher.demand(Long.MAX_VALUE);

        signals.changed(Submitted.view("a", JobView.State.COMPLETED));

        await().until(() -> watcher.done);
        assertThat(words(watcher.heard)).containsExactly("2 completed");
    }

    @Test
    void numbersThatARestartHasLeftOutAreToldAsAGap() {
        var signals = new Signals(10_000);
        signals.changed(Submitted.view("a", JobView.State.SUBMITTED));
        signals.changed(Submitted.view("a", JobView.State.STARTED));
        signals.skipTo(56);
        signals.changed(Submitted.view("a", JobView.State.COMPLETED));

        var heard = all(signals, 7);

        assertThat(heard)
                .first()
                .isEqualTo(new JobSignal.Dropped(56, heard.getFirst().at(), 57));
        assertThat(words(heard.subList(1, 2))).containsExactly("57 completed");
        assertThat(words(all(signals, 1)).getFirst()).isEqualTo("2 started");
        assertThat(all(signals, 56)).hasSize(1);
    }

    @Test
    void nothingIsPutOutAfterTheEndHasItsNumber() {
        var signals = new Signals(10_000);
        signals.changed(Submitted.view("a", JobView.State.STARTED));

        assertThat(signals.close()).isEqualTo(2);
        signals.output("stdout", "late");
        signals.changed(Submitted.view("a", JobView.State.COMPLETED));

        assertThat(words(all(signals, 0))).containsExactly("1 started", "2 completed");
    }

    @Test
    void outputBeyondTheBoundIsDroppedFromTheFrontAndTheGapIsTold() {
        var signals = new Signals(1000);
        signals.changed(Submitted.view("a", JobView.State.STARTED));
        for (int i = 0; i < 50; i++) {
            signals.output("stdout", "line-%03d".formatted(i) + "x".repeat(92));
        }
        signals.changed(Submitted.view("a", JobView.State.COMPLETED));

        var heard = all(signals, 0);

        assertThat(heard.getFirst()).isInstanceOf(JobSignal.Changed.class);
        assertThat(heard.get(1)).isInstanceOfSatisfying(JobSignal.Dropped.class, dropped -> {
            assertThat(dropped.firstKept()).isEqualTo(heard.get(2).sequence());
            assertThat(dropped.sequence()).isEqualTo(dropped.firstKept() - 1);
        });
        assertThat(heard.subList(2, heard.size() - 1))
                .hasSizeBetween(3, 8)
                .allSatisfy(signal -> assertThat(signal).isInstanceOf(JobSignal.Output.class));
        assertThat(heard.get(heard.size() - 2))
                .isInstanceOfSatisfying(
                        JobSignal.Output.class,
                        output -> assertThat(output.text()).startsWith("line-049"));
        assertThat(heard.getLast().last()).isTrue();
    }

    @Test
    void nothingIsSaidOfDroppedOutputToWhoHadIt() {
        var signals = new Signals(200);
        signals.output("stdout", "one" + "x".repeat(100));
        signals.output("stdout", "two" + "x".repeat(100));
        signals.changed(Submitted.view("a", JobView.State.COMPLETED));

        assertThat(all(signals, 1)).hasSize(2).noneMatch(signal -> signal instanceof JobSignal.Dropped);
    }

    @Test
    void aSingleOutputOverTheBoundIsKept() {
        var signals = new Signals(10);
        signals.output("stdout", "x".repeat(1000));
        signals.changed(Submitted.view("a", JobView.State.COMPLETED));

        assertThat(all(signals, 0)).hasSize(2);
    }

    @Test
    void aWatcherGetsOnlyWhatItDemandsAndHoldsNothingBack() {
        var signals = new Signals(1_000_000);
        var slow = new Watcher(signals, 0);
        var fast = new Watcher(signals, 0);
        slow.demand(1);
        fast.demand(Long.MAX_VALUE);

        for (int i = 0; i < 1000; i++) {
            signals.output("stdout", "piece");
        }
        signals.changed(Submitted.view("a", JobView.State.COMPLETED));

        await().until(() -> fast.done);
        assertThat(fast.heard).hasSize(1001);
        assertThat(slow.heard).hasSize(1);
        slow.demand(Long.MAX_VALUE);
        await().until(() -> slow.done);
        assertThat(slow.heard).isEqualTo(fast.heard);
    }

    @Test
    void watchersHearTheSameWhileItHappens() throws Exception {
        var signals = new Signals(1 << 20);
        var watchers = List.of(new Watcher(signals, 0), new Watcher(signals, 0), new Watcher(signals, 0));
        watchers.forEach(watcher -> watcher.demand(Long.MAX_VALUE));

        var writer = Thread.ofVirtual().start(() -> {
            for (int i = 0; i < 2000; i++) {
                signals.output("stdout", Integer.toString(i));
            }
            signals.changed(Submitted.view("a", JobView.State.COMPLETED));
        });
        writer.join();

        for (var watcher : watchers) {
            await().until(() -> watcher.done);
            assertThat(watcher.heard).hasSize(2001);
            for (int i = 0; i < 2001; i++) {
                assertThat(watcher.heard.get(i).sequence()).isEqualTo(i + 1);
            }
        }
    }

    @Test
    void aWatcherThatLeavesDisturbsNobody() {
        var signals = new Signals(10_000);
        var leaving = new Watcher(signals, 0);
        var staying = new Watcher(signals, 0);
        leaving.demand(Long.MAX_VALUE);
        staying.demand(Long.MAX_VALUE);
        signals.output("stdout", "one");
        await().until(() -> leaving.heard.size() == 1);

        leaving.cancel();
        signals.changed(Submitted.view("a", JobView.State.COMPLETED));

        await().until(() -> staying.done);
        assertThat(staying.heard).hasSize(2);
        assertThat(leaving.heard).hasSize(1);
    }

    @Test
    void whoWaitsIsForgottenWhenItLeaves() {
        var signals = new Signals(10_000);
        var leaving = new Watcher(signals, 0);
        leaving.demand(1);
        assertThat(signals.waiting()).isEqualTo(1);

        leaving.cancel();

        assertThat(signals.waiting()).isZero();
    }

    @Test
    void silenceIsToldAndCostsNoSignal() {
        var signals = new Signals(10_000);
        signals.output("stdout", "one");

        var heard = signals.after(0, Duration.ofMillis(5))
                .invoke(signal -> {
                    if (signal.isEmpty()) {
                        signals.changed(Submitted.view("a", JobView.State.COMPLETED));
                    }
                })
                .collect()
                .asList()
                .await()
                .atMost(PATIENCE);

        assertThat(heard.get(1)).isEmpty();
        assertThat(words(heard.stream().flatMap(Optional::stream).toList())).containsExactly("1 one", "2 completed");
        assertThat(signals.waiting()).isZero();
    }

    @Test
    void aPageHasWhatThereIsAndAfterTheEndTheEnd() {
        var signals = new Signals(10_000);
        assertThat(signals.page(0, 10)).isEmpty();
        signals.changed(Submitted.view("a", JobView.State.STARTED));
        signals.output("stdout", "one");
        assertThat(words(signals.page(0, 1))).containsExactly("1 started");
        assertThat(words(signals.page(1, 10))).containsExactly("2 one");
        assertThat(signals.page(2, 10)).isEmpty();

        signals.changed(Submitted.view("a", JobView.State.COMPLETED));

        assertThat(words(signals.page(1, 10))).containsExactly("2 one", "3 completed");
        assertThat(words(signals.page(3, 10))).containsExactly("3 completed");
    }

    @Test
    void aFailureComesAfterWhatThereWas() {
        var signals = new Signals(10_000);
        signals.output("stdout", "one");
        var watcher = new Watcher(signals, 0);
        watcher.demand(Long.MAX_VALUE);

        signals.failed(new IllegalStateException("the journal is gone"));

        await().until(() -> watcher.failure != null);
        assertThat(watcher.heard).hasSize(1);
        assertThat(watcher.failure).hasMessage("the journal is gone");
        assertThatThrownBy(() -> all(signals, 0)).hasMessage("the journal is gone");
    }

    private static List<JobSignal> all(Signals signals, long after) {
        return signals.after(after).collect().asList().await().atMost(PATIENCE);
    }

    private static List<String> words(List<JobSignal> signals) {
        return signals.stream()
                .map(signal -> signal.sequence() + " "
                        + switch (signal) {
                            case JobSignal.Changed changed ->
                                changed.job().state().word();
                            case JobSignal.Output output -> output.text();
                            case JobSignal.Progress progress -> progress.phase();
                            case JobSignal.Dropped _ -> "dropped";
                        })
                .toList();
    }

    /** Takes as many signals as it is told to. */
    private static final class Watcher implements Flow.Subscriber<JobSignal> {
        private final List<JobSignal> heard = new CopyOnWriteArrayList<>();
        private volatile boolean done;
        private volatile @Nullable Throwable failure;
        private Flow.@Nullable Subscription subscription;

        Watcher(Signals signals, long after) {
            signals.after(after).subscribe(this);
        }

        void demand(long signals) {
            subscribed().request(signals);
        }

        void cancel() {
            subscribed().cancel();
        }

        private Flow.Subscription subscribed() {
            if (subscription == null) {
                throw new IllegalStateException("not subscribed");
            }
            return subscription;
        }

        @Override
        public void onSubscribe(Flow.Subscription given) {
            subscription = given;
        }

        @Override
        public void onNext(JobSignal signal) {
            heard.add(signal);
        }

        @Override
        public void onError(Throwable reason) {
            failure = reason;
        }

        @Override
        public void onComplete() {
            done = true;
        }
    }
}
