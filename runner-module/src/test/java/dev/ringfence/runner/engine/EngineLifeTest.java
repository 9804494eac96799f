package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringfence.runner.engine.EngineException.Closed;
import dev.ringfence.runner.engine.EngineException.Crashed;
import dev.ringfence.runner.engine.EngineException.LoadFailed;
import dev.ringfence.runner.engine.EngineException.Saturated;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Engines are strings here, and the clock is a number. */
class EngineLifeTest {
    private long now;
    private final List<String> done = new ArrayList<>();
    private long lastUse;
    private long arrivals;
    private int quiets;
    private final EngineLife<String> life = new EngineLife<>(2, 2, new Recorder(), () -> now);

    @Test
    void requestsThatComeWhileTheEngineLoadsWaitForTheSameLoad() {
        // Given
        var first = acquire();
        var second = acquire();

        // When
        life.up("engine");

        // Then
        assertThat(done).containsExactly("load");
        assertThat(first.slot).isNotNull();
        assertThat(second.slot).isNotNull().isNotEqualTo(first.slot);
    }

    @Test
    void aFreedSlotGoesToWhoeverHasWaitedLongest() {
        // Given
        var requests = List.of(acquire(), acquire(), acquire(), acquire());
        life.up("engine");

        // When
        life.release(slotOf(requests.get(1)), true);

        // Then
        assertThat(requests.get(2).slot).isEqualTo(requests.get(1).slot);
        assertThat(requests.get(3).slot).isNull();
        assertThat(life.waiting()).isOne();
    }

    @Test
    void oneMoreThanSlotsAndQueueHoldIsRefusedAndTheOthersAreNot() {
        // Given
        var welcome = List.of(acquire(), acquire(), acquire(), acquire());

        // When
        var surplus = acquire();

        // Then
        assertThat(surplus.refusal).isInstanceOf(Saturated.class);
        assertThat(welcome).allSatisfy(request -> assertThat(request.refusal).isNull());
    }

    /** While the engine was loaded, all slots were said to be taken. */
    @Test
    void whoIsRefusedHearsWhyTheOthersWaitAndAsWhichItWouldHaveCome() {
        // Given
        var early = List.of(acquire(), acquire(), acquire(), acquire());

        // When
        var whileLoading = acquire();
        life.up("engine");
        early.subList(2, 4).forEach(life::giveUp);
        acquire();
        acquire();
        var whileUp = acquire();

        // Then
        assertThat(whileLoading.refusal)
                .hasMessage("the model is not loaded yet and 4 requests wait, 4 of them of the same agent. This request"
                        + " would have been number 5 of the queue");
        assertThat(whileUp.refusal)
                .hasMessage("all 2 slots of the model are taken and 2 requests wait, 2 of them of the same agent. This"
                        + " request would have been number 3 of the queue");
    }

    @Test
    void aRequestThatGaveUpTakesNoSlotAndNoPlaceInTheQueue() {
        // Given
        var gone = List.of(acquire(), acquire(), acquire(), acquire());

        // When
        gone.forEach(life::giveUp);
        gone.get(0).interested = false;
        life.acquire(gone.get(0), ++arrivals);
        var stays = acquire();
        life.up("engine");

        // Then
        assertThat(stays.slot).isNotNull();
        assertThat(life.busySlots()).isOne();
    }

    @Test
    void theFirstFailureIsForgivenAtOnceAndFurtherOnesDoubleTheWaitUpToHalfAMinute() {
        // Given
        var waits = new ArrayList<Duration>();

        // When
        for (int i = 0; i < 10; i++) {
            now += Duration.ofMinutes(1).toNanos();
            var request = acquire();
            life.loadFailed(loadFailed());
            waits.add(((LoadFailed) refusalOf(request)).retryAfter());
        }

        // Then
        assertThat(waits.stream().map(Duration::toMillis))
                .containsExactly(0L, 500L, 1000L, 2000L, 4000L, 8000L, 16_000L, 30_000L, 30_000L, 30_000L);
    }

    @Test
    void duringTheWaitRequestsHearWhyTheyWaitAndAfterItTheEngineStartsAnew() {
        // Given
        acquire();
        life.loadFailed(loadFailed());
        acquire();
        life.up("engine");
        life.ended(crashed());
        done.clear();

        // When
        var early = acquire();
        now += Duration.ofMillis(500).toNanos();
        var late = acquire();

        // Then
        assertThat(early.refusal).isInstanceOfSatisfying(LoadFailed.class, notYet -> {
            assertThat(notYet)
                    .hasMessage("the engine is not started again before 0.5 s have passed, since it failed: crashed");
            assertThat(notYet.retryAfter()).isEqualTo(Duration.ofMillis(500));
        });
        assertThat(late.refusal).isNull();
        assertThat(done).containsExactly("load");
    }

    @Test
    void anAnswerForgivesEarlierFailures() {
        // Given
        acquire();
        life.loadFailed(loadFailed());
        var request = acquire();
        life.up("engine");

        // When
        life.release(slotOf(request), true);
        var reason = life.ended(crashed());

        // Then
        assertThat(((Crashed) reason).retryAfter()).isZero();
    }

    @Test
    void aFailureThatIsNotTheEnginesCostsNoWait() {
        // Given
        for (int i = 0; i < 5; i++) {
            acquire();
            life.loadFailed(new EngineException.EngineMissing("nowhere"));
        }
        done.clear();

        // When
        acquire();

        // Then
        assertThat(done).containsExactly("load");
    }

    @Test
    void whoWaitsWhenTheEngineCrashesIsServedByTheNextOne() {
        // Given
        acquire();
        acquire();
        var waits = acquire();
        life.up("first");
        done.clear();

        // When
        life.ended(crashed());
        life.release(0, false);
        life.up("second");

        // Then
        assertThat(done).containsExactly("load");
        assertThat(waits.engine).isEqualTo("second");
    }

    @Test
    void anEngineIsStoppedWhenNobodyHasUsedItSince() {
        // Given
        var request = acquire();
        life.up("engine");
        life.idle(lastUse);
        life.release(slotOf(request), true);
        done.clear();

        // When
        life.idle(lastUse - 1);
        var before = List.copyOf(done);
        life.idle(lastUse);

        // Then
        assertThat(before).isEmpty();
        assertThat(done).containsExactly("stop engine");
    }

    @Test
    void anEngineThatHasStoppedStaysSoUntilSomebodyAsks() {
        // Given
        var request = acquire();
        life.up("engine");
        life.release(slotOf(request), true);
        life.idle(lastUse);

        // When
        life.ended(crashed());

        // Then
        assertThat(done).containsExactly("load", "stop engine");
        assertThat(life.state()).isInstanceOf(EngineLife.Cold.class);
    }

    @Test
    void aRequestThatComesWhileTheEngineStopsGetsANewOne() {
        // Given
        var first = acquire();
        life.up("old");
        life.release(slotOf(first), true);
        life.idle(lastUse);
        done.clear();

        // When
        var second = acquire();
        life.ended(crashed());
        life.up("new");

        // Then
        assertThat(done).containsExactly("load");
        assertThat(second.engine).isEqualTo("new");
        assertThat(life.backOff().lastFailure()).isNull();
    }

    @Test
    void closingRefusesWhoWaitsAndStopsTheEngineOnceItHasLoaded() {
        // Given
        var waits = acquire();

        // When
        life.close();
        var late = acquire();
        life.up("engine");

        // Then
        assertThat(List.of(refusalOf(waits), refusalOf(late))).hasOnlyElementsOfType(Closed.class);
        assertThat(done).containsExactly("load", "stop engine");
    }

    @Test
    void agentsTakeTurnsSoThatOneWhoAsksMuchWaitsForItselfOnly() {
        // Given
        var wide = new EngineLife<>(1, 20, new Recorder(), () -> now);
        var order = new ArrayList<String>();
        for (var agent : List.of("busy", "busy", "busy", "busy", "rare", "other", "rare")) {
            wide.acquire(
                    new Waiter(agent) {
                        @Override
                        public boolean granted(String engine, int slot) {
                            order.add(agent);
                            return true;
                        }
                    },
                    ++arrivals);
        }

        // When
        wide.up("engine");
        for (int i = 0; i < 6; i++) {
            wide.release(0, true);
        }

        // Then
        assertThat(order).containsExactly("busy", "rare", "other", "busy", "rare", "busy", "busy");
    }

    @Test
    void oneAgentAloneLeavesAQuarterOfTheQueueToOthers() {
        // Given
        var wide = new EngineLife<>(1, 8, new Recorder(), () -> now);
        var greedy = new ArrayList<Waiter>();
        for (int i = 0; i < 9; i++) {
            greedy.add(new Waiter("greedy"));
        }

        // When
        greedy.forEach(waiter -> wide.acquire(waiter, ++arrivals));
        var modest = new Waiter("modest");
        wide.acquire(modest, ++arrivals);

        // Then
        assertThat(greedy.stream().filter(waiter -> waiter.refusal == null)).hasSize(7);
        assertThat(greedy.getLast().refusal).isInstanceOfSatisfying(Saturated.class, full -> {
            assertThat(full.position()).isEqualTo(8);
            assertThat(full.retryAfter()).isPositive();
        });
        assertThat(modest.refusal).isNull();
    }

    @Test
    void whoWaitsForASlotIsToldItsPlace() {
        // Given
        acquire();
        acquire();
        var third = acquire();
        var fourth = acquire();

        // When
        life.up("engine");

        // Then
        assertThat(third.progress).isEqualTo(new EngineProgress.Queued(1));
        assertThat(fourth.progress).isEqualTo(new EngineProgress.Queued(2));
    }

    @Test
    void whoMovesUpInTheQueueHearsSoAndNobodyElse() {
        // Given
        var wide = new EngineLife<>(1, 8, new Recorder(), () -> now);
        var requests = List.of(new Waiter("a"), new Waiter("a"), new Waiter("a"), new Waiter("a"));
        requests.forEach(request -> wide.acquire(request, ++arrivals));
        wide.up("engine");
        var last = requests.getLast();

        // When
        requests.get(1).progress = null;
        wide.giveUp(requests.get(2));

        // Then
        assertThat(last.progress).isEqualTo(new EngineProgress.Queued(2));
        assertThat(requests.get(1).progress).isNull();

        // When
        wide.release(0, true);

        // Then
        assertThat(requests.get(1).engine).isEqualTo("engine");
        assertThat(last.progress).isEqualTo(new EngineProgress.Queued(1));

        // When
        last.progress = null;
        var late = new Waiter("a");
        wide.acquire(late, ++arrivals);

        // Then
        assertThat(last.progress).isNull();
        assertThat(late.progress).isEqualTo(new EngineProgress.Queued(2));
    }

    @Test
    void anEngineThatWasStoppedForWhatItWasAskedIsStartedAgainAtOnceHoweverOften() {
        // Given
        acquire();
        acquire();
        done.clear();

        // When
        for (int i = 0; i < 5; i++) {
            life.up("engine");
            life.stopped(crashed());
            life.release(0, false);
            life.release(1, false);
            assertThat(acquire().refusal).isNull();
            assertThat(acquire().refusal).isNull();
        }

        // Then
        assertThat(life.backOff().lastFailure()).isNull();
        assertThat(done).containsOnly("load").hasSize(5);
    }

    @Test
    void whileAnotherModelWaitsForTheMemoryOnlyOlderRequestsGetASlotOnceLoadingHasPaidOff() {
        // Given
        var first = acquire();
        acquire();
        var older = acquire();
        now += 100;
        life.up("engine");
        life.yieldTo(++arrivals);
        var younger = acquire();

        // When
        now += 101;
        life.release(slotOf(first), true);
        life.release(1, true);
        life.release(slotOf(older), true);

        // Then
        assertThat(younger.slot).isNull();
        assertThat(life.evictable()).isTrue();
        assertThat(quiets).isOne();
    }

    @Test
    void anEngineIsUsedAtLeastAsLongAsItTookToLoad() {
        // Given
        var first = acquire();
        now += 100;
        life.up("engine");
        life.yieldTo(++arrivals);

        // When
        now += 50;
        life.release(slotOf(first), true);
        var younger = acquire();

        // Then
        assertThat(younger.slot).isNotNull();
        assertThat(life.evict()).isFalse();
    }

    @Test
    void whoWaitsForAnEvictedEngineKeepsWaitingWithoutADeadlineAndIsServedByTheNextOne() {
        // Given
        var first = acquire();
        life.up("old");
        life.yieldTo(++arrivals);
        now += 1;
        var waits = acquire();
        life.release(slotOf(first), true);

        // When
        boolean evicted = life.evict();
        life.ended(crashed());
        life.up("new");

        // Then
        assertThat(evicted).isTrue();
        assertThat(waits.ups).containsExactly("up", "down", "up");
        assertThat(waits.engine).isEqualTo("new");
    }

    @Test
    void aRetiredEngineAnswersWhoHasAskedAndThenStops() {
        // Given
        var requests = List.of(acquire(), acquire(), acquire());
        life.up("engine");
        done.clear();

        // When
        life.retire(true);
        life.release(slotOf(requests.get(0)), true);
        life.release(slotOf(requests.get(1)), true);
        var before = List.copyOf(done);
        life.release(slotOf(requests.get(2)), true);

        // Then
        assertThat(before).isEmpty();
        assertThat(done).containsExactly("stop engine");
    }

    @Test
    void anEngineThatComesIntoUseAgainWhileItAnswersStaysUp() {
        // Given
        var request = acquire();
        life.up("engine");
        done.clear();
        life.retire(true);

        // When
        life.retire(false);
        life.release(slotOf(request), true);

        // Then
        assertThat(done).doesNotContain("stop engine");
        life.retire(true);
        assertThat(done).contains("stop engine");
    }

    private Waiter acquire() {
        return acquire("agent");
    }

    private Waiter acquire(String agent) {
        var waiter = new Waiter(agent);
        life.acquire(waiter, ++arrivals);
        return waiter;
    }

    private static int slotOf(Waiter waiter) {
        assertThat(waiter.slot).isNotNull();
        return waiter.slot;
    }

    private static RuntimeException refusalOf(Waiter waiter) {
        assertThat(waiter.refusal).isNotNull();
        return waiter.refusal;
    }

    private static LoadFailed loadFailed() {
        return new LoadFailed("broken", "log", List.of(), Duration.ZERO);
    }

    private static Crashed crashed() {
        return new Crashed("crashed", "log", List.of(), Duration.ZERO);
    }

    private final class Recorder implements EngineLife.Effects<String> {
        @Override
        public void load() {
            done.add("load");
        }

        @Override
        public void stop(String engine) {
            done.add("stop " + engine);
        }

        @Override
        public void wakeWhenIdle(long use) {
            lastUse = use;
        }

        @Override
        public void changed() {}

        @Override
        public void quiet() {
            quiets++;
        }
    }

    private static class Waiter implements EngineLife.Request<String> {
        private final String agent;
        private final List<String> ups = new ArrayList<>();
        private @Nullable EngineProgress progress;
        private @Nullable String engine;
        private @Nullable Integer slot;
        private @Nullable RuntimeException refusal;
        private boolean interested = true;

        Waiter(String agent) {
            this.agent = agent;
        }

        @Override
        public String agent() {
            return agent;
        }

        @Override
        public void engineUp() {
            ups.add("up");
        }

        @Override
        public void engineDown() {
            ups.add("down");
        }

        @Override
        public void waits(EngineProgress why) {
            progress = why;
        }

        @Override
        public boolean granted(String engine, int slot) {
            if (interested) {
                this.engine = engine;
                this.slot = slot;
            }
            return interested;
        }

        @Override
        public void refused(RuntimeException why) {
            refusal = why;
        }
    }
}
