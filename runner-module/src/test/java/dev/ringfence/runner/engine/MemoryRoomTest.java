package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Engines are names here; they are busy, or leave, when the test says so. */
class MemoryRoomTest {
    private final MemoryRoom room = new MemoryRoom(100);
    private final List<String> done = new ArrayList<>();
    private long clock;

    @Test
    void thereIsRoomUntilTheBudgetIsUsedUp() {
        // When
        enter(new Engine("a", 60));
        enter(new Engine("b", 40));

        // Then
        assertThat(done).containsExactly("a in", "b in");
        assertThat(room.used()).isEqualTo(100);
    }

    @Test
    void theLongestUnusedOfThoseThatNobodyUsesGoesFirst() {
        // Given
        var a = enter(new Engine("a", 40));
        var b = enter(new Engine("b", 40));
        a.used();
        done.clear();

        // When
        enter(new Engine("c", 50));
        leave(b);

        // Then
        assertThat(done).containsExactly("b out", "c waits", "c in");
        assertThat(room.used()).isEqualTo(90);
    }

    @Test
    void anEngineAtWorkIsNeverToldToGoButLetsNobodyNewIn() {
        // Given
        var a = enter(new Engine("a", 80));
        a.busy = true;
        done.clear();

        // When
        var b = enter(new Engine("b", 80));
        var before = List.copyOf(done);
        a.busy = false;
        room.settle();
        leave(a);

        // Then
        assertThat(before).containsExactly("a yields to " + b.arrival, "b waits");
        assertThat(done.subList(before.size(), done.size())).containsExactly("a out", "b waits", "b in");
    }

    @Test
    void nobodyGoesAsLongAsItWouldNotSuffice() {
        // Given
        var busy = enter(new Engine("busy", 60));
        busy.busy = true;
        enter(new Engine("idle", 40));
        done.clear();

        // When
        enter(new Engine("large", 90));

        // Then
        assertThat(done).doesNotContain("idle out", "busy out").contains("large waits");
    }

    @Test
    void whoWaitsIsServedInOrderAndASmallOneDoesNotPassALargeOne() {
        // Given
        var a = enter(new Engine("a", 80));
        a.busy = true;
        enter(new Engine("large", 90));
        var small = enter(new Engine("small", 10));

        // When
        a.busy = false;
        room.settle();
        leave(a);

        // Then
        assertThat(done.indexOf("large in")).isPositive().isLessThan(done.indexOf("small in"));
        assertThat(small.name).isEqualTo("small");
    }

    @Test
    void pinnedEnginesStayAndWhatCannotFitBesideThemIsRefused() {
        // Given
        var pinned = new Engine("pinned", 60);
        pinned.pinned = true;
        enter(pinned);

        // When
        enter(new Engine("large", 50));
        enter(new Engine("small", 40));

        // Then
        assertThat(done).containsExactly("pinned in", "large refused at 40", "small in");
    }

    @Test
    void whoIsNotWantedAnyMoreTakesNoRoom() {
        // Given
        var a = enter(new Engine("a", 80));
        a.busy = true;
        var b = enter(new Engine("b", 80));
        done.clear();

        // When
        b.wanted = false;
        room.settle();

        // Then
        assertThat(done).containsExactly("b abandoned", "a yields no more");
    }

    private Engine enter(Engine engine) {
        engine.arrival = ++clock;
        room.claim(engine, engine.arrival);
        room.settle();
        return engine;
    }

    private void leave(Engine engine) {
        room.left(engine);
        room.settle();
    }

    private final class Engine implements MemoryRoom.Tenant {
        private final String name;
        private final long bytes;
        private boolean pinned;
        private boolean busy;
        private boolean wanted = true;
        private boolean yields;
        private long lastUse;
        private long arrival;

        Engine(String name, long bytes) {
            this.name = name;
            this.bytes = bytes;
        }

        void used() {
            lastUse = ++clock;
        }

        @Override
        public long bytes() {
            return bytes;
        }

        @Override
        public boolean pinned() {
            return pinned;
        }

        @Override
        public boolean wanted() {
            return wanted;
        }

        @Override
        public boolean evictable() {
            return !busy;
        }

        @Override
        public long lastUse() {
            return lastUse;
        }

        @Override
        public void admitted() {
            done.add(name + " in");
            used();
        }

        @Override
        public void refused(long most) {
            done.add(name + " refused at " + most);
        }

        @Override
        public void abandoned() {
            done.add(name + " abandoned");
        }

        @Override
        public void awaitsRoom() {
            done.add(name + " waits");
        }

        @Override
        public void evict() {
            assertThat(busy).as(name + " is at work").isFalse();
            done.add(name + " out");
        }

        @Override
        public void yieldTo(long to) {
            done.add(name + " yields to " + to);
            yields = true;
        }

        @Override
        public void yieldNot() {
            if (yields) {
                done.add(name + " yields no more");
                yields = false;
            }
        }
    }
}
