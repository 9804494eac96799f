package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class AwakeTimeTest {
    private final AtomicLong now = new AtomicLong(-5);
    private final AwakeTime time = new AwakeTime(Duration.ofSeconds(10), now::get);

    @Test
    void timeThatPassesIsOverAtItsEnd() {
        for (int second = 1; second <= 9; second++) {
            assertThat(after(Duration.ofSeconds(1))).isEqualTo(Duration.ofSeconds(10 - second));
        }
        assertThat(time.isOver()).isFalse();
        assertThat(after(Duration.ofSeconds(2))).isZero();
        assertThat(time.isOver()).isTrue();
    }

    @Test
    void aPauseCountsAsAMoment() {
        assertThat(after(Duration.ofDays(1))).isEqualTo(Duration.ofSeconds(8));
        assertThat(after(Duration.ofMillis(500))).isEqualTo(Duration.ofMillis(7500));
    }

    private Duration after(Duration passed) {
        now.addAndGet(passed.toNanos());
        return time.left();
    }
}
