package dev.ringfence.api.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(WholeService.class)
class PatienceTest {
    /** Quarkus loads what its tests wait with for itself: that had ten seconds when only the rest had been told. */
    @Test
    void whatATestAwaitsThatQuarkusLoadsMayTakeLong() {
        var left = new AtomicLong();

        await().conditionEvaluationListener(look -> left.set(look.getRemainingTimeInMS()))
                .until(() -> true);

        assertThat(left).hasValueGreaterThan(Duration.ofMinutes(1).toMillis());
    }
}
