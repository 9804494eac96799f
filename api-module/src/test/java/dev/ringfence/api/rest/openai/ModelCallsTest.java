package dev.ringfence.api.rest.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.RingfenceConfig;
import dev.ringfence.api.job.FixedTerms;
import dev.ringfence.api.job.JobSettings;
import dev.ringfence.api.job.Jobs;
import dev.ringfence.api.job.Preparation;
import dev.ringfence.api.job.Unwatched;
import dev.ringfence.catalog.Catalog;
import dev.ringfence.runner.capability.Capabilities;
import dev.ringfence.runner.capability.Capability;
import dev.ringfence.runner.capability.Execution;
import dev.ringfence.runner.capability.Invocation;
import dev.ringfence.runner.capability.Outcome;
import dev.ringfence.runner.capability.OutputSink;
import dev.ringfence.runner.engine.GenerationEvent;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.JobQuery;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.journal.JournalOptions;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.mutiny.Uni;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelCallsTest {
    private static final RingfenceConfig CONFIG = new SmallRyeConfigBuilder()
            .addDiscoveredConverters()
            .withMapping(RingfenceConfig.class)
            .build()
            .getConfigMapping(RingfenceConfig.class);

    @TempDir
    Path directory;

    @Test
    void aClientThatLeavesBeforeItsRequestIsDurableEndsItAllTheSame() {
        var slow = new SlowPreparation();
        try (var journal = Journal.recover(directory, JournalOptions.defaults()).journal()) {
            var jobs = jobs(journal, slow, new Answering("ChatCompletion", new CompletableFuture<>()));
            var call = new ModelCalls.Call(
                    "anonymous",
                    Optional.empty(),
                    Operation.CHAT,
                    JsonNodeFactory.instance.objectNode(),
                    List.of(),
                    UnaryOperator.identity());
            var client = new ModelCalls(CONFIG)
                    .answer(jobs, call, new NoAnswer())
                    .subscribe()
                    .with(_ -> {});
            await().until(slow.asked::isDone);

            client.cancel();
            slow.ready.complete(null);

            await().untilAsserted(() -> assertThat(
                            jobs.list(JobQuery.all(), OptionalLong.empty(), 10).jobs())
                    .singleElement()
                    .satisfies(job -> assertThat(job.state()).isEqualTo("cancelled")));
        }
    }

    private static Jobs jobs(Journal journal, Preparation preparation, Capability model) {
        return new Jobs(
                new JobSettings(1, 1, 1, 1 << 20, Map.of(), 10, 1 << 20, Duration.ofSeconds(60), 1000),
                journal,
                Capabilities.of(List.of(model)),
                new FixedTerms(Catalog.empty()),
                Unwatched.HOST,
                preparation,
                Unwatched.OBSERVER);
    }

    /** Clients take a 500 for the service's fault and send the same again. */
    @Test
    void tooManyVectorsAreTheClientsToAskForInParts() {
        var ready = new SlowPreparation();
        ready.ready.complete(null);
        var refusal = new Outcome.Failed("too-many-vectors", "ask for fewer", JsonNodeFactory.instance.objectNode());
        var model = new Answering("Embeddings", CompletableFuture.completedFuture(refusal));
        try (var journal = Journal.recover(directory, JournalOptions.defaults()).journal()) {
            var call = new ModelCalls.Call(
                    "anonymous",
                    Optional.empty(),
                    Operation.EMBEDDINGS,
                    JsonNodeFactory.instance.objectNode(),
                    List.of(),
                    UnaryOperator.identity());

            assertThatThrownBy(() -> new ModelCalls(CONFIG)
                            .answer(jobs(journal, ready, model), call, new NoAnswer())
                            .collect()
                            .asList()
                            .await()
                            .indefinitely())
                    .isInstanceOfSatisfying(RequestFailed.class, failed -> {
                        assertThat(failed.error().status()).isEqualTo(400);
                        assertThat(failed.error().param()).isEqualTo("input");
                        assertThat(failed.error().code()).isEqualTo("too_many_vectors");
                    });
        }
    }

    @Test
    void namesOfIgnoredParametersCannotSpoilTheHeader() {
        assertThat(ModelCalls.named(List.of("user", "a\u0000b", "c\r\nX-Evil: 1", "é,", "n".repeat(200))))
                .isEqualTo("user, a?b, c??X-Evil:?1, ??, " + "n".repeat(120));
        assertThat(ModelCalls.named(
                        IntStream.range(0, 5000).mapToObj(i -> "p" + i).toList()))
                .startsWith("p0, p1, ")
                .endsWith("p19 and 4980 more");
    }

    /** Is ready when the test says so. */
    private static final class SlowPreparation implements Preparation {
        final CompletableFuture<@Nullable Void> asked = new CompletableFuture<>();
        final CompletableFuture<@Nullable Void> ready = new CompletableFuture<>();

        @Override
        public Uni<@Nullable Void> before(JobEvent.Submitted submission) {
            asked.complete(null);
            return Uni.createFrom().completionStage(ready::copy);
        }
    }

    /** A model that ends as it is told to. */
    private record Answering(String name, CompletableFuture<Outcome> outcome) implements Capability {
        @Override
        public String description() {
            return "For tests";
        }

        @Override
        public ObjectNode schema() {
            return JsonNodeFactory.instance.objectNode().put("type", "object");
        }

        @Override
        public boolean repeatable() {
            return true;
        }

        @Override
        public Outcome dryRun(Invocation invocation) {
            return new Outcome.Completed(JsonNodeFactory.instance.objectNode());
        }

        @Override
        public Execution start(Invocation invocation, OutputSink sink) {
            return new Execution() {
                @Override
                public Uni<Outcome> outcome() {
                    return Uni.createFrom().completionStage(outcome::copy);
                }

                @Override
                public void cancel() {
                    outcome.complete(new Outcome.Cancelled(JsonNodeFactory.instance.objectNode()));
                }
            };
        }
    }

    /** Nobody is there to read it. */
    private static final class NoAnswer implements Answer {
        @Override
        public String heard(GenerationEvent event) {
            return "";
        }

        @Override
        public String ended(JsonNode result) {
            return "";
        }
    }
}
