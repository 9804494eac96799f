package dev.ringfence.api.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RulesTest {
    private static final Duration LONGEST = Duration.ofMinutes(10);
    private static final Rules RULES =
            new Rules(Duration.ofSeconds(1), Duration.ofSeconds(5), LONGEST, Duration.ofHours(1));

    /** It was, by a fifth: the pauses were spread when they had been cut. */
    @Test
    void noPauseIsLongerThanTheLongest() {
        var now = Instant.now();

        assertThat(Stream.generate(() -> RULES.next(20, now)).limit(1_000))
                .allSatisfy(next -> assertThat(next).isBetween(now.plus(LONGEST.dividedBy(2)), now.plus(LONGEST)));
    }

    @Test
    void pausesGrowAndAreSpread() {
        var now = Instant.now();

        assertThat(Stream.generate(() -> RULES.next(3, now)).limit(1_000).collect(Collectors.toSet()))
                .allSatisfy(next -> assertThat(next).isBetween(now.plusSeconds(36), now.plusSeconds(54)))
                .hasSizeGreaterThan(100);
    }
}
