package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ringfence.runner.engine.EngineException.Saturated;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A turn that nobody gets is waited for. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class TurnsTest {
    private final List<String> served = new CopyOnWriteArrayList<>();
    private final List<String> places = new CopyOnWriteArrayList<>();
    private final List<Thread> threads = new ArrayList<>();

    @AfterEach
    void endAll() {
        threads.forEach(Thread::interrupt);
    }

    @Test
    void agentsTakeTurnsHoweverMuchOneOfThemAsks() throws InterruptedException {
        var turns = turns(1, 8);
        turns.take("busy", _ -> {});
        for (int i = 0; i < 3; i++) {
            waiting(turns, "busy");
        }
        waiting(turns, "other");

        for (int i = 0; i < 4; i++) {
            next(turns, i + 1);
        }

        assertThat(served).containsExactly("busy", "other", "busy", "busy");
    }

    @Test
    void aQuarterOfTheQueueIsLeftForOtherAgents() throws InterruptedException {
        var turns = turns(1, 8);
        turns.take("busy", _ -> {});
        for (int i = 0; i < 6; i++) {
            waiting(turns, "busy");
        }

        assertThatThrownBy(() -> turns.take("busy", _ -> {}))
                .isInstanceOf(Saturated.class)
                .hasMessageStartingWith("6 wait, 6 of the agent");
        waiting(turns, "other");
        waiting(turns, "third");
        assertThatThrownBy(() -> turns.take("fourth", _ -> {}))
                .isInstanceOf(Saturated.class)
                .hasMessageStartingWith("8 wait, 0 of the agent");
    }

    @Test
    void noneWaitWhereTheQueueHoldsNone() throws InterruptedException {
        var turns = turns(2, 0);
        turns.take("one", _ -> {});
        turns.take("one", _ -> {});

        assertThatThrownBy(() -> turns.take("other", _ -> {})).isInstanceOf(Saturated.class);
        turns.giveBack();
        turns.take("other", _ -> {});
    }

    @Test
    void whoWaitsHearsItsPlaceAndEachChangeOfIt() throws InterruptedException {
        var turns = turns(1, 8);
        turns.take("one", _ -> {});
        var gone = waiting(turns, "one");
        waiting(turns, "two");
        waiting(turns, "three");
        assertThat(places).containsExactly("one 1", "two 2", "three 3");

        gone.interrupt();

        await().untilAsserted(
                        () -> assertThat(places).containsExactly("one 1", "two 2", "three 3", "two 1", "three 2"));
        next(turns, 1);
        assertThat(places).endsWith("three 1");
        assertThat(served).containsExactly("two");
    }

    @Test
    void aTurnIsNotLostOnSomebodyWhoHasGone() throws Exception {
        var turns = turns(1, 8);
        for (int i = 0; i < 20; i++) {
            turns.take("one", _ -> {});
            var gone = waiting(turns, "two");
            gone.interrupt();
            turns.giveBack();
            assertThat(gone.join(Duration.ofMinutes(2))).isTrue();
            while (!served.isEmpty()) {
                served.removeFirst();
                turns.giveBack();
            }
        }
        turns.take("one", _ -> {});
    }

    private static Turns turns(int most, int queue) {
        return new Turns(
                most,
                queue,
                (waiting, own) ->
                        new Saturated("%d wait, %d of the agent".formatted(waiting, own), Duration.ZERO, waiting + 1));
    }

    /** Returns when it has heard its place. */
    private Thread waiting(Turns turns, String agent) {
        int before = places.size();
        var thread = Thread.ofVirtual().start(() -> {
            try {
                turns.take(agent, progress -> places.add(agent + " " + ((EngineProgress.Queued) progress).position()));
                served.add(agent);
            } catch (InterruptedException e) {
                // It has no turn.
            }
        });
        threads.add(thread);
        await().until(() -> places.size() > before);
        return thread;
    }

    private void next(Turns turns, int count) {
        turns.giveBack();
        await().until(() -> served.size() == count);
    }
}
