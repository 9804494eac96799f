package dev.ringfence.api.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.log.LogException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UntoldTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
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

            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(webhooks.status())
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
        return new JobEvent.Submitted(
                id,
                Instant.now(),
                "builder",
                "ShellExec",
                JsonNodeFactory.instance.objectNode(),
                "secure",
                PATIENCE,
                null);
    }
}
