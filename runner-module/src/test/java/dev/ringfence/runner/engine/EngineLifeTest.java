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

    @Test
    void aRequestThatGaveUpTakesNoSlotAndNoPlaceInTheQueue() {
        // Given
        var gone = List.of(acquire(), acquire(), acquire(), acquire());

        // When
        gone.forEach(life::giveUp);
        gone.get(0).interested = false;
        life.acquire(gone.get(0));
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
    void duringTheWaitRequestsHearTheLastFailureAndAfterItTheEngineStartsAnew() {
        // Given
        acquire();
        life.loadFailed(loadFailed());
        acquire();
        life.loadFailed(loadFailed());
        done.clear();

        // When
        var early = acquire();
        now += Duration.ofMillis(500).toNanos();
        var late = acquire();

        // Then
        assertThat(early.refusal).isInstanceOf(LoadFailed.class);
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
        assertThat(life.lastFailure()).isNull();
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

    private Waiter acquire() {
        var waiter = new Waiter();
        life.acquire(waiter);
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
    }

    private static final class Waiter implements EngineLife.Request<String> {
        private @Nullable String engine;
        private @Nullable Integer slot;
        private @Nullable RuntimeException refusal;
        private boolean interested = true;

        @Override
        public void engineUp() {}

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
