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

class NewsBufferTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @Test
    void aLateWatcherHearsEverythingInOrder() {
        var news = new NewsBuffer(10_000);
        news.changed(Submitted.view("a", JobView.State.SUBMITTED));
        news.changed(Submitted.view("a", JobView.State.STARTED));
        news.output("stdout", "one");
        news.output("stderr", "two");
        news.changed(Submitted.view("a", JobView.State.COMPLETED));

        assertThat(words(all(news, 0))).containsExactly("1 submitted", "2 started", "3 one", "4 two", "5 completed");
    }

    @Test
    void aWatcherGoesOnAfterTheItemItNames() {
        var news = new NewsBuffer(10_000);
        news.changed(Submitted.view("a", JobView.State.STARTED));
        news.output("stdout", "one");
        news.output("stdout", "two");
        news.changed(Submitted.view("a", JobView.State.FAILED));

        assertThat(words(all(news, 2))).containsExactly("3 two", "4 failed");
    }

    @Test
    void theEndIsToldToWhoeverAsksAfterIt() {
        var news = new NewsBuffer(10_000);
        news.changed(Submitted.view("a", JobView.State.STARTED));
        news.changed(Submitted.view("a", JobView.State.INTERRUPTED));

        assertThat(words(all(news, 2))).containsExactly("2 interrupted");
    }

    @Test
    void aNumberThatWasNotGivenYetMeansTheEnd() {
        var news = new NewsBuffer(10_000);
        news.changed(Submitted.view("a", JobView.State.STARTED));
        var watcher = new Watcher(news, 57);
        watcher.demand(Long.MAX_VALUE);

        news.changed(Submitted.view("a", JobView.State.COMPLETED));

        await().until(() -> watcher.done);
        assertThat(words(watcher.heard)).containsExactly("2 completed");
    }

    @Test
    void numbersThatARestartHasLeftOutAreToldAsAGap() {
        var news = new NewsBuffer(10_000);
        news.changed(Submitted.view("a", JobView.State.SUBMITTED));
        news.changed(Submitted.view("a", JobView.State.STARTED));
        news.skipTo(56);
        news.changed(Submitted.view("a", JobView.State.COMPLETED));

        var heard = all(news, 7);

        assertThat(heard)
                .first()
                .isEqualTo(new JobNews.Dropped(56, heard.getFirst().at(), 57));
        assertThat(words(heard.subList(1, 2))).containsExactly("57 completed");
        assertThat(words(all(news, 1)).getFirst()).isEqualTo("2 started");
        assertThat(all(news, 56)).hasSize(1);
    }

    @Test
    void nothingIsPutOutAfterTheEndHasItsNumber() {
        var news = new NewsBuffer(10_000);
        news.changed(Submitted.view("a", JobView.State.STARTED));

        assertThat(news.close()).isEqualTo(2);
        news.output("stdout", "late");
        news.changed(Submitted.view("a", JobView.State.COMPLETED));

        assertThat(words(all(news, 0))).containsExactly("1 started", "2 completed");
    }

    @Test
    void outputBeyondTheBoundIsDroppedFromTheFrontAndTheGapIsTold() {
        var news = new NewsBuffer(1000);
        news.changed(Submitted.view("a", JobView.State.STARTED));
        for (int i = 0; i < 50; i++) {
            news.output("stdout", "line-%03d".formatted(i) + "x".repeat(92));
        }
        news.changed(Submitted.view("a", JobView.State.COMPLETED));

        var heard = all(news, 0);

        assertThat(heard.getFirst()).isInstanceOf(JobNews.Changed.class);
        assertThat(heard.get(1)).isInstanceOfSatisfying(JobNews.Dropped.class, dropped -> {
            assertThat(dropped.firstKept()).isEqualTo(heard.get(2).sequence());
            assertThat(dropped.sequence()).isEqualTo(dropped.firstKept() - 1);
        });
        assertThat(heard.subList(2, heard.size() - 1))
                .hasSizeBetween(3, 8)
                .allSatisfy(item -> assertThat(item).isInstanceOf(JobNews.Output.class));
        assertThat(heard.get(heard.size() - 2))
                .isInstanceOfSatisfying(
                        JobNews.Output.class,
                        output -> assertThat(output.text()).startsWith("line-049"));
        assertThat(heard.getLast().last()).isTrue();
    }

    @Test
    void nothingIsSaidOfDroppedOutputToWhoHadIt() {
        var news = new NewsBuffer(200);
        news.output("stdout", "one" + "x".repeat(100));
        news.output("stdout", "two" + "x".repeat(100));
        news.changed(Submitted.view("a", JobView.State.COMPLETED));

        assertThat(all(news, 1)).hasSize(2).noneMatch(item -> item instanceof JobNews.Dropped);
    }

    @Test
    void aSingleOutputOverTheBoundIsKept() {
        var news = new NewsBuffer(10);
        news.output("stdout", "x".repeat(1000));
        news.changed(Submitted.view("a", JobView.State.COMPLETED));

        assertThat(all(news, 0)).hasSize(2);
    }

    @Test
    void aWatcherGetsOnlyWhatItDemandsAndHoldsNothingBack() {
        var news = new NewsBuffer(1_000_000);
        var slow = new Watcher(news, 0);
        var fast = new Watcher(news, 0);
        slow.demand(1);
        fast.demand(Long.MAX_VALUE);

        for (int i = 0; i < 1000; i++) {
            news.output("stdout", "piece");
        }
        news.changed(Submitted.view("a", JobView.State.COMPLETED));

        await().until(() -> fast.done);
        assertThat(fast.heard).hasSize(1001);
        assertThat(slow.heard).hasSize(1);
        slow.demand(Long.MAX_VALUE);
        await().until(() -> slow.done);
        assertThat(slow.heard).isEqualTo(fast.heard);
    }

    @Test
    void watchersHearTheSameWhileItHappens() throws Exception {
        var news = new NewsBuffer(1 << 20);
        var watchers = List.of(new Watcher(news, 0), new Watcher(news, 0), new Watcher(news, 0));
        watchers.forEach(watcher -> watcher.demand(Long.MAX_VALUE));

        var writer = Thread.ofVirtual().start(() -> {
            for (int i = 0; i < 2000; i++) {
                news.output("stdout", Integer.toString(i));
            }
            news.changed(Submitted.view("a", JobView.State.COMPLETED));
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
        var news = new NewsBuffer(10_000);
        var leaving = new Watcher(news, 0);
        var staying = new Watcher(news, 0);
        leaving.demand(Long.MAX_VALUE);
        staying.demand(Long.MAX_VALUE);
        news.output("stdout", "one");
        await().until(() -> leaving.heard.size() == 1);

        leaving.cancel();
        news.changed(Submitted.view("a", JobView.State.COMPLETED));

        await().until(() -> staying.done);
        assertThat(staying.heard).hasSize(2);
        assertThat(leaving.heard).hasSize(1);
    }

    @Test
    void whoWaitsIsForgottenWhenItLeaves() {
        var news = new NewsBuffer(10_000);
        var leaving = new Watcher(news, 0);
        leaving.demand(1);
        assertThat(news.waiting()).isEqualTo(1);

        leaving.cancel();

        assertThat(news.waiting()).isZero();
    }

    @Test
    void silenceIsToldAndCostsNoItem() {
        var news = new NewsBuffer(10_000);
        news.output("stdout", "one");

        var heard = news.after(0, Duration.ofMillis(5))
                .invoke(item -> {
                    if (item.isEmpty()) {
                        news.changed(Submitted.view("a", JobView.State.COMPLETED));
                    }
                })
                .collect()
                .asList()
                .await()
                .atMost(PATIENCE);

        assertThat(heard.get(1)).isEmpty();
        assertThat(words(heard.stream().flatMap(Optional::stream).toList())).containsExactly("1 one", "2 completed");
        assertThat(news.waiting()).isZero();
    }

    @Test
    void aPageHasWhatThereIsAndAfterTheEndTheEnd() {
        var news = new NewsBuffer(10_000);
        assertThat(news.page(0, 10)).isEmpty();
        news.changed(Submitted.view("a", JobView.State.STARTED));
        news.output("stdout", "one");
        assertThat(words(news.page(0, 1))).containsExactly("1 started");
        assertThat(words(news.page(1, 10))).containsExactly("2 one");
        assertThat(news.page(2, 10)).isEmpty();

        news.changed(Submitted.view("a", JobView.State.COMPLETED));

        assertThat(words(news.page(1, 10))).containsExactly("2 one", "3 completed");
        assertThat(words(news.page(3, 10))).containsExactly("3 completed");
    }

    @Test
    void aFailureComesAfterWhatThereWas() {
        var news = new NewsBuffer(10_000);
        news.output("stdout", "one");
        var watcher = new Watcher(news, 0);
        watcher.demand(Long.MAX_VALUE);

        news.failed(new IllegalStateException("the journal is gone"));

        await().until(() -> watcher.failure != null);
        assertThat(watcher.heard).hasSize(1);
        assertThat(watcher.failure).hasMessage("the journal is gone");
        assertThatThrownBy(() -> all(news, 0)).hasMessage("the journal is gone");
    }

    private static List<JobNews> all(NewsBuffer news, long after) {
        return news.after(after).collect().asList().await().atMost(PATIENCE);
    }

    private static List<String> words(List<JobNews> news) {
        return news.stream()
                .map(item -> item.sequence() + " "
                        + switch (item) {
                            case JobNews.Changed changed ->
                                changed.job().state().word();
                            case JobNews.Output output -> output.text();
                            case JobNews.Progress progress -> progress.phase();
                            case JobNews.Dropped _ -> "dropped";
                        })
                .toList();
    }

    /** Takes as many items as it is told to. */
    private static final class Watcher implements Flow.Subscriber<JobNews> {
        private final List<JobNews> heard = new CopyOnWriteArrayList<>();
        private volatile boolean done;
        private volatile @Nullable Throwable failure;
        private Flow.@Nullable Subscription subscription;

        Watcher(NewsBuffer news, long after) {
            news.after(after).subscribe(this);
        }

        void demand(long items) {
            subscribed().request(items);
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
        public void onNext(JobNews item) {
            heard.add(item);
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
