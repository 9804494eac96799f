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
        assertThat(Stream.generate(() -> RULES.pause(20)).limit(1_000))
                .allSatisfy(pause -> assertThat(pause).isBetween(LONGEST.dividedBy(2), LONGEST));
    }

    @Test
    void pausesGrowAndAreSpread() {
        assertThat(Stream.generate(() -> RULES.pause(3)).limit(1_000).collect(Collectors.toSet()))
                .allSatisfy(pause -> assertThat(pause).isBetween(Duration.ofSeconds(36), Duration.ofSeconds(54)))
                .hasSizeGreaterThan(100);
    }

    @Test
    void whatIsLeftOfAPauseIsNeverLongerThanTheLongest() {
        var now = Instant.now();

        assertThat(RULES.left(now.plusSeconds(7), now)).isEqualTo(Duration.ofSeconds(7));
        assertThat(RULES.left(now.plus(Duration.ofDays(20_000)), now)).isEqualTo(LONGEST);
        assertThat(RULES.left(now.minus(Duration.ofDays(20_000)), now)).isZero();
    }
}
