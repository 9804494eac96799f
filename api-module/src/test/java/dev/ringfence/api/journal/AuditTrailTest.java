package dev.ringfence.api.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ringfence.wal.journal.Audited;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AuditTrailTest {
    private static final Duration NEVER = Duration.ofDays(1);

    private final List<Audited> kept = new CopyOnWriteArrayList<>();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();

    @AfterEach
    void stop() {
        clock.shutdownNow();
    }

    private AuditTrail trail(Duration window) {
        return new AuditTrail(kept::add, clock, window);
    }

    private static Audited refusal(@Nullable String by, String from) {
        return AuditTrail.act("refused", by, from, null, "GET /x", "unauthenticated");
    }

    @Test
    void aFloodOfRefusalsIsOneEventAtOnceAndOneWithTheirNumber() {
        try (var trail = trail(NEVER)) {
            for (int i = 0; i < 100_000; i++) {
                trail.refused("unauthenticated", refusal(null, "127.0.0.1"));
            }
            assertThat(kept).extracting(Audited::count).containsExactly(1L);
        }
        assertThat(kept).extracting(Audited::count).containsExactly(1L, 99_999L);
    }

    @Test
    void theRepeatsOfAWindowAreToldAtItsEndAndThenTheSourceIsForgotten() {
        try (var trail = trail(Duration.ofMillis(20))) {
            trail.refused("forbidden", refusal("key:1", "127.0.0.1"));
            trail.refused("forbidden", refusal("key:1", "127.0.0.2"));

            await().until(() -> kept.size() == 2);
            await().until(() -> {
                trail.refused("forbidden", refusal("key:1", "127.0.0.3"));
                return kept.size() > 2;
            });
        }
        assertThat(kept).extracting(Audited::from).startsWith("127.0.0.1", "127.0.0.2", "127.0.0.3");
    }

    @Test
    void kindsAndSourcesAreToldApart() {
        try (var trail = trail(NEVER)) {
            trail.refused("forbidden", refusal("key:1", "127.0.0.1"));
            trail.refused("not-granted", refusal("key:1", "127.0.0.1"));
            trail.refused("forbidden", refusal("key:2", "127.0.0.1"));
            trail.refused("forbidden", refusal(null, "127.0.0.1"));

            assertThat(kept).hasSize(4);
        }
    }

    @Test
    void strangersBeyondThoseThatAreToldApartCountAsOne() {
        try (var trail = trail(NEVER)) {
            IntStream.range(0, 5_000)
                    .forEach(i -> trail.refused("unauthenticated", refusal(null, "127.0." + i / 256 + "." + i % 256)));
            assertThat(kept).hasSize(AuditTrail.MOST_SOURCES);
        }
        assertThat(kept).hasSize(AuditTrail.MOST_SOURCES + 1);
        assertThat(kept.getLast().count()).isEqualTo(5_000 - AuditTrail.MOST_SOURCES);
        assertThat(kept.getLast().from()).isNull();
    }

    @Test
    void whatWasDoneIsToldEachTime() {
        try (var trail = trail(NEVER)) {
            trail.done(AuditTrail.act("catalog_reloaded", "key:1", null, null, null, null));
            trail.done(AuditTrail.act("catalog_reloaded", "key:1", null, null, null, null));
        }
        assertThat(kept).hasSize(2);
    }
}
