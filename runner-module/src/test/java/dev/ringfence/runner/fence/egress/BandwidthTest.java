package dev.ringfence.runner.fence.egress;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BandwidthTest {
    private static final long SECOND = 1_000_000_000L;

    /** Any; a monotonic clock may begin below zero. */
    private static final long START = -5 * SECOND;

    @Test
    void afterATenthOfASecondsWorthEverythingHasToWaitForItsShare() {
        var bandwidth = new Bandwidth(1000);

        assertThat(bandwidth.take(100, START)).isZero();
        assertThat(bandwidth.take(100, START)).isEqualTo(SECOND / 10);
        assertThat(bandwidth.take(1000, START)).isEqualTo(SECOND / 10 + SECOND);
    }

    @Test
    void overALongTimeNoMoreThanTheRateGoesThrough() {
        var bandwidth = new Bandwidth(12_500_000);
        long now = START;
        long moved = 0;

        while (now - START < 10 * SECOND) {
            moved += 16_384;
            now += bandwidth.take(16_384, now);
        }

        assertThat(moved).isBetween(124_000_000L, 127_000_000L);
    }

    @Test
    void aPauseSavesNoMoreThanTheBurst() {
        var bandwidth = new Bandwidth(1000);
        bandwidth.take(100, START);

        assertThat(bandwidth.take(200, START + 60 * SECOND)).isEqualTo(SECOND / 10);
    }

    @Test
    void withoutALimitNothingWaits() {
        var bandwidth = new Bandwidth(0);

        assertThat(bandwidth.take(Long.MAX_VALUE, START)).isZero();
    }
}
