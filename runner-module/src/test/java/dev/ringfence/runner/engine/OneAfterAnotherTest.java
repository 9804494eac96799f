package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class OneAfterAnotherTest {
    private final OneAfterAnother decisions = new OneAfterAnother();

    @Test
    void whoeverBringsADecisionFindsItDone() {
        var done = new ArrayList<String>();

        assertThat(decisions.run(() -> done.add("it"))).isTrue();

        assertThat(done).containsExactly("it");
    }

    @Test
    void whatIsBroughtFromWithinADecisionFollowsIt() {
        var done = new ArrayList<String>();

        decisions.run(() -> {
            decisions.run(() -> done.add("inner"));
            done.add("outer");
        });

        assertThat(done).containsExactly("outer", "inner");
    }

    @Test
    void whileOneIsAtItOthersLeaveTheirsAndGo() throws InterruptedException {
        var begun = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        var done = new ArrayList<String>();
        var first = Thread.ofPlatform()
                .start(() -> decisions.run(() -> {
                    begun.countDown();
                    awaitQuietly(go);
                    done.add("first");
                }));
        begun.await();

        decisions.run(() -> done.add("second, by " + Thread.currentThread().equals(first)));

        go.countDown();
        first.join();
        assertThat(done).containsExactly("first", "second, by true");
    }

    @Test
    void oneThatFailsIsNoneOfTheOthersMatter() {
        var done = new ArrayList<String>();

        decisions.run(() -> {
            decisions.run(() -> done.add("next"));
            throw new IllegalStateException("on purpose");
        });

        assertThat(decisions.run(() -> done.add("later"))).isTrue();
        assertThat(done).containsExactly("next", "later");
    }

    @Test
    void whateverEscapesFromOneTheNextOnesAreNotLeftBehind() {
        var done = new ArrayList<String>();

        decisions.run(() -> {
            decisions.run(() -> done.add("next"));
            OneAfterAnotherTest.<RuntimeException>escape(new IOException("on purpose"));
        });

        decisions.run(() -> done.add("later"));
        assertThat(done).containsExactly("next", "later");
    }

    /** Past what is expected of decisions, as an error is that is thrown while another is told of. */
    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void escape(Throwable how) throws T {
        throw (T) how;
    }

    @Test
    void manyWhoBringThemAtOnceGetEachInItsTurn() {
        var done = new ArrayList<Integer>();
        try (var threads = Executors.newFixedThreadPool(8)) {
            IntStream.range(0, 8)
                    .forEach(one -> threads.execute(() -> IntStream.range(0, 10_000)
                            .forEach(next -> decisions.run(() -> done.add(one * 10_000 + next)))));
        }

        assertThat(done).hasSize(80_000);
        for (int one = 0; one < 8; one++) {
            int its = one;
            assertThat(done.stream().filter(number -> number / 10_000 == its)).isSorted();
        }
    }

    @Test
    void afterItsEndNothingIsTaken() {
        var done = new ArrayList<String>();
        decisions.close();

        assertThat(decisions.run(() -> done.add("late"))).isFalse();

        assertThat(done).isEqualTo(List.of());
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
