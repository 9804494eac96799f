package dev.ringfence.runner.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class ServicePaceTest {
    private static final long WORK = Duration.ofNanos(100_000).toNanos();

    private final ServicePace pace = new ServicePace(0);
    private long now;

    @Test
    void atFirstNothingWaits() {
        for (int call = 0; call < 50_000; call++) {
            assertThat(work(WORK)).isZero();
        }
    }

    @Test
    void whoGoesOnAskingGetsAQuarterOfAProcessor() {
        work(Duration.ofSeconds(5).toNanos());
        long begin = now;
        for (int call = 0; call < 10_000; call++) {
            now += work(WORK);
        }

        assertThat(now - begin).isCloseTo(4 * 10_000 * WORK, Percentage.withPercentage(5));
    }

    @Test
    void whatWaitedForADeviceDoesNotMakeTheNextWaitForLong() {
        assertThat(work(Duration.ofMinutes(1).toNanos())).isEqualTo(500_000_000L);
    }

    @Test
    void whoAskedLittleForAWhileIsAnsweredAtOnceAgain() {
        work(Duration.ofSeconds(5).toNanos());
        now += Duration.ofSeconds(20).toNanos();

        for (int call = 0; call < 50_000; call++) {
            assertThat(work(WORK)).isZero();
        }
    }

    private long work(long nanos) {
        long begin = now;
        now += nanos;
        return pace.worked(begin, now);
    }
}
