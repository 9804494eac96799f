package dev.ringfence.api.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.api.job.AdmissionException;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.log.LogException;
import io.smallrye.mutiny.Uni;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UntoldTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Rules RULES = new Rules(PATIENCE, PATIENCE, PATIENCE, PATIENCE);

    @TempDir
    Path directory;

    /** What had been noted of it for other endpoints took room until a restart. */
    @Test
    void nothingIsKeptOfASubmissionThatCannotBeNotedForAllItsEndpoints() {
        var one = endpoint("one");
        // Its note has no room in a record.
        var other = endpoint("other".repeat(20_000));
        try (var webhooks = new Webhooks(directory, List.of(one, other), RULES)) {
            assertThatThrownBy(
                            () -> webhooks.before(submission("refused")).await().atMost(PATIENCE))
                    .isInstanceOf(LogException.BadSize.class);

            await().untilAsserted(() -> assertThat(webhooks.status())
                    .extracting(Webhooks.Status::untold)
                    .containsExactly(0L, 0L));
        }
    }

    @Test
    void aSubmissionIsKeptForEachOfItsEndpoints() {
        try (var webhooks = new Webhooks(directory, List.of(endpoint("one"), endpoint("other")), RULES)) {
            var _ = webhooks.before(submission("taken")).await().atMost(PATIENCE);

            assertThat(webhooks.status()).extracting(Webhooks.Status::untold).containsExactly(1L, 1L);
        }
    }

    /** One whose endpoint was dead took the places of all, whose jobs were refused then for as long as it was tried. */
    @Test
    void anAgentWhoseEndpointIsDeadTakesNoMoreThanItsHalf() {
        try (var webhooks = new Webhooks(directory, List.of(endpoint("one")), RULES)) {
            for (int i = 0; i < Webhooks.MOST_UNTOLD_OF_AGENT; i += 500) {
                fill(webhooks, i, 500);
            }

            assertThatThrownBy(() -> webhooks.before(submission("more")).await().atMost(PATIENCE))
                    .isInstanceOfSatisfying(
                            AdmissionException.TooMany.class,
                            refused -> assertThat(refused.slug()).isEqualTo("webhooks-waiting"))
                    .hasMessageContaining("builder");
            webhooks.before(submission("other", "tester")).await().atMost(PATIENCE);
            assertThat(webhooks.status().getFirst().untold()).isEqualTo(Webhooks.MOST_UNTOLD_OF_AGENT + 1);
        }
    }

    private static void fill(Webhooks webhooks, int from, int count) {
        Uni.join()
                .all(IntStream.range(from, from + count)
                        .mapToObj(i -> webhooks.before(submission("job-" + i)).replaceWith(true))
                        .toList())
                .andFailFast()
                .await()
                .atMost(PATIENCE);
    }

    private static Endpoint endpoint(String name) {
        return new Endpoint(
                name,
                URI.create("http://localhost:1/hook"),
                List.of(Secret.of("whsec_" + Base64.getEncoder().encodeToString(new byte[32]))),
                Optional.empty(),
                true,
                true);
    }

    private static JobEvent.Submitted submission(String id) {
        return submission(id, "builder");
    }

    private static JobEvent.Submitted submission(String id, String agent) {
        return new JobEvent.Submitted(
                id, Instant.now(), agent, "ShellExec", JsonNodeFactory.instance.objectNode(), "secure", PATIENCE, null);
    }
}
