package dev.ringfence.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.sun.net.httpserver.HttpServer;
import dev.ringfence.api.job.AdmissionException;
import dev.ringfence.api.job.JobView;
import dev.ringfence.api.job.Submission;
import dev.ringfence.api.job.Unwatched;
import dev.ringfence.api.webhook.Endpoint;
import dev.ringfence.api.webhook.Rules;
import dev.ringfence.api.webhook.Secret;
import dev.ringfence.api.webhook.Webhooks;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.journal.JournalOptions;
import dev.ringfence.wal.log.LogObserver;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Webhooks of the whole service below HTTP, told to a real server. */
class WebhooksTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final byte[] SECRET = "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private static final Duration SOON = Duration.ofMillis(20);
    private static final Rules RULES = new Rules(PATIENCE, SOON, SOON, Duration.ofHours(1));

    private record Message(String id, String timestamp, String signature, String body) {}

    private final List<Message> heard = new CopyOnWriteArrayList<>();
    private final AtomicInteger answer = new AtomicInteger(204);

    @TempDir
    Path data;

    @TempDir
    Path files;

    private HttpServer server;

    @BeforeEach
    void listen() throws IOException {
        Files.writeString(
                files.resolve("secret"), "whsec_" + Base64.getEncoder().encodeToString(SECRET) + "\n");
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/hook", exchange -> {
            var headers = exchange.getRequestHeaders();
            heard.add(new Message(
                    headers.getFirst("webhook-id"),
                    headers.getFirst("webhook-timestamp"),
                    headers.getFirst("webhook-signature"),
                    new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)));
            int status = answer.get();
            if (status == 302) {
                exchange.getResponseHeaders().add("Location", "/elsewhere");
            }
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
        server.createContext("/elsewhere", exchange -> {
            heard.add(new Message("redirected", "", "", ""));
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void hangUp() {
        server.stop(0);
    }

    @Test
    void theEndOfAJobIsToldOnceAndSigned() throws Exception {
        try (var service = open(Map.of())) {
            var job = run(service, "true");
            await().until(() -> untold(service) == 0);

            assertThat(heard).hasSize(1);
            var message = heard.getFirst();
            assertThat(message.id()).isEqualTo("msg_" + job.id());
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(SECRET, "HmacSHA256"));
            var expected = Base64.getEncoder()
                    .encodeToString(mac.doFinal((message.id() + "." + message.timestamp() + "." + message.body())
                            .getBytes(StandardCharsets.UTF_8)));
            assertThat(message.signature()).isEqualTo("v1," + expected);
            var json = new ObjectMapper().readTree(message.body());
            assertThat(json.path("type").asText()).isEqualTo("job.completed");
            assertThat(json.at("/data/id").asText()).isEqualTo(job.id());
            assertThat(message.body()).doesNotContain("stdout");
        }
    }

    @Test
    void anEndpointThatFailsIsToldAgainWithTheSameIdAndARedirectIsNotFollowed() {
        answer.set(302);
        try (var service = open(Map.of("ringfence.webhooks.first-retry", "20ms"))) {
            run(service, "true");
            await().until(() -> heard.size() >= 2);
            answer.set(200);

            await().until(() -> untold(service) == 0);
            assertThat(heard)
                    .extracting(Message::id)
                    .containsOnly(heard.getFirst().id());
        }
    }

    @Test
    void whatIsUntoldIsToldAfterARestart() {
        answer.set(500);
        String id;
        try (var service = open(Map.of("ringfence.webhooks.first-retry", "1h"))) {
            id = run(service, "true").id();
            await().until(() -> heard.size() == 1);
        }
        answer.set(200);
        heard.clear();

        // As if the pause were over: the next attempt was asked for in an hour, which is more than the longest pause.
        try (var service = open(Map.of("ringfence.webhooks.longest-retry", "20ms"))) {
            await().until(() -> untold(service) == 0);
            assertThat(heard).extracting(Message::id).containsExactly("msg_" + id);
        }
    }

    @Test
    void aProcessForJobsOfItsOwnLeavesWhatIsUntoldToTheService() {
        answer.set(500);
        try (var service = open(Map.of("ringfence.webhooks.first-retry", "1h"))) {
            run(service, "true");
            await().until(() -> heard.size() == 1);
        }
        // It need not even know of the endpoint.
        var config = config(
                Map.of("ringfence.data", data.toString(), "ringfence.catalog", "src/test/resources/catalog.toml"));
        Ringfence.open(config, Ringfence.Purpose.OWN_JOBS, Unwatched.OBSERVER, LogObserver.none())
                .close();
        answer.set(200);

        try (var service = open(Map.of("ringfence.webhooks.longest-retry", "20ms"))) {
            await().until(() -> heard.size() == 2);
            await().until(() -> untold(service) == 0);
        }
    }

    @Test
    void theEndOfAJobThatACrashInterruptedIsTold() {
        var submitted = new JobEvent.Submitted(
                "crashed",
                Instant.now(),
                "anonymous",
                null,
                "ShellExec",
                JsonNodeFactory.instance.objectNode().put("cmd", "true"),
                "shell",
                Duration.ofSeconds(10),
                null,
                0,
                0,
                null,
                null,
                "ops",
                false,
                null);
        try (var webhooks = new Webhooks(data.resolve("webhooks"), List.of(endpoint()), RULES)) {
            webhooks.before(submitted).await().atMost(PATIENCE);
        }
        try (var journal = Journal.recover(data.resolve("journal"), JournalOptions.defaults())
                .journal()) {
            journal.append(List.of(submitted, new JobEvent.Started("crashed", Instant.now())))
                    .await()
                    .atMost(PATIENCE);
        }

        try (var service = open(Map.of())) {
            await().until(() -> untold(service) == 0);
            assertThat(heard)
                    .singleElement()
                    .satisfies(message -> assertThat(message.body()).contains("job.interrupted"));
        }
    }

    @Test
    void aJobThatCannotBeLookedForIsToldOfLater() {
        var job = interrupted("later", Instant.now());
        var failures = new AtomicInteger(3);
        try (var webhooks = new Webhooks(data.resolve("webhooks"), List.of(endpoint()), RULES)) {
            webhooks.before(job.submission()).await().atMost(PATIENCE);
            webhooks.begin(_ -> {
                if (failures.getAndDecrement() > 0) {
                    throw new IllegalStateException("the index is being made anew");
                }
                return Optional.of(job);
            });
            webhooks.ended(job);

            await().until(() -> webhooks.status().getFirst().untold() == 0);
            assertThat(failures).hasNegativeValue();
            assertThat(heard).extracting(Message::id).containsExactly("msg_later");
        }
    }

    /** It was forgotten without a word: neither told, nor logged, nor counted. */
    @Test
    void anEndIsToldAlsoWhenTheJournalHasGivenItsJobUp() {
        answer.set(500);
        String id;
        try (var service = open(Map.of("ringfence.webhooks.first-retry", "20ms"))) {
            id = run(service, "true").id();
            // Before the second attempt the first is noted, with what it told.
            await().until(() -> heard.size() >= 2);
        }
        answer.set(200);

        try (var webhooks = new Webhooks(data.resolve("webhooks"), List.of(endpoint()), RULES)) {
            webhooks.begin(_ -> Optional.empty());
            webhooks.resume();

            await().until(() -> webhooks.status().getFirst().untold() == 0);
            assertThat(webhooks.status().getFirst().delivered()).isEqualTo(1);
            assertThat(heard).extracting(Message::id).containsOnly("msg_" + id);
            assertThat(heard)
                    .extracting(Message::body)
                    .containsOnly(heard.getFirst().body());
        }
    }

    @Test
    void anEndOfWhichNothingIsKeptIsCountedAsGivenUp() {
        var job = interrupted("gone", Instant.now());
        try (var webhooks = new Webhooks(data.resolve("webhooks"), List.of(endpoint()), RULES)) {
            webhooks.before(job.submission()).await().atMost(PATIENCE);
            webhooks.begin(_ -> Optional.empty());
            webhooks.ended(job);

            await().until(() -> webhooks.status().getFirst().untold() == 0);
            assertThat(webhooks.status().getFirst().givenUp()).isEqualTo(1);
        }
    }

    /** A clock that went from 1970 to now, as when the network puts it right, once gave up at the first failure. */
    @Test
    void aJobThatEndedLongAgoByAWrongClockIsTriedForAsLongAsAnyOther() {
        answer.set(500);
        var job = interrupted("early", Instant.EPOCH);
        try (var webhooks = new Webhooks(data.resolve("webhooks"), List.of(endpoint()), RULES)) {
            webhooks.before(job.submission()).await().atMost(PATIENCE);
            webhooks.begin(_ -> Optional.of(job));
            webhooks.ended(job);
            await().until(() -> heard.size() >= 3);
            answer.set(200);

            await().until(() -> webhooks.status().getFirst().untold() == 0);
            assertThat(webhooks.status().getFirst().delivered()).isEqualTo(1);
        }
    }

    /** The other way round it was tried for as long as the clock had been ahead. */
    @Test
    void aJobThatEndedInTheFutureByAWrongClockIsTriedForNoLongerThanAnyOther() {
        answer.set(500);
        var job = interrupted("late", Instant.now().plus(Duration.ofDays(365)));
        var rules = new Rules(PATIENCE, SOON, SOON, SOON.multipliedBy(5));
        try (var webhooks = new Webhooks(data.resolve("webhooks"), List.of(endpoint()), rules)) {
            webhooks.before(job.submission()).await().atMost(PATIENCE);
            webhooks.begin(_ -> Optional.of(job));
            webhooks.ended(job);

            await().until(() -> webhooks.status().getFirst().untold() == 0);
            assertThat(webhooks.status().getFirst().givenUp()).isEqualTo(1);
            assertThat(heard).hasSizeBetween(4, 8);
        }
    }

    /** Without memory for a moment, an end stayed untold until a restart. */
    @Test
    void anErrorInAnAttemptIsNoReasonToTellNobody() {
        var job = interrupted("unlucky", Instant.now());
        var failures = new AtomicInteger(2);
        try (var webhooks = new Webhooks(data.resolve("webhooks"), List.of(endpoint()), RULES)) {
            webhooks.before(job.submission()).await().atMost(PATIENCE);
            webhooks.begin(_ -> {
                if (failures.getAndDecrement() > 0) {
                    throw new OutOfMemoryError("as it may be for a moment");
                }
                return Optional.of(job);
            });
            webhooks.ended(job);

            await().until(() -> webhooks.status().getFirst().untold() == 0);
            assertThat(heard).extracting(Message::id).containsExactly("msg_unlucky");
        }
    }

    @Test
    void aPrivateAddressIsToldNothingUnlessItIsAllowed() {
        try (var service = open(Map.of(
                "ringfence.webhooks.endpoints.ops.allow-private", "false",
                "ringfence.webhooks.endpoints.ops.url",
                        "https://localhost:" + server.getAddress().getPort() + "/hook",
                "ringfence.webhooks.give-up", "1ms"))) {
            run(service, "true");

            await().until(() -> untold(service) == 0);
            assertThat(heard).isEmpty();
            var status = service.webhooks().status().getFirst();
            assertThat(status.givenUp()).isEqualTo(1);
            assertThat(status.lastError()).contains("a loopback address", "allow-private");
        }
    }

    @Test
    void aWebhookThatIsNotThereOrNotTheAgentsIsRefusedByName() {
        try (var service = open(Map.of("ringfence.webhooks.endpoints.ops.agents", "somebody"))) {
            assertThatThrownBy(() -> run(service, "true"))
                    .isInstanceOf(AdmissionException.Invalid.class)
                    .hasMessageContaining("\"ops\"");
            assertThat(service.jobs().live()).isZero();
        }
    }

    @Test
    void whatCannotBeAnEndpointStopsTheStartByItsKey() {
        assertThatThrownBy(() -> open(Map.of("ringfence.webhooks.endpoints.ops.url", "ftp://localhost/")))
                .isInstanceOf(StartupFailure.class)
                .hasMessageContaining("ringfence.webhooks.endpoints.ops.url");
        assertThatThrownBy(() -> open(Map.of("ringfence.webhooks.endpoints.ops.secret", "whsec_c2hvcnQ=")))
                .isInstanceOf(StartupFailure.class)
                .hasMessageContaining("24 to 64 bytes")
                .hasMessageNotContaining("c2hvcnQ");
    }

    private static JobView interrupted(String id, Instant at) {
        var submission = new JobEvent.Submitted(
                id,
                at,
                "anonymous",
                null,
                "ShellExec",
                JsonNodeFactory.instance.objectNode(),
                "shell",
                PATIENCE,
                null,
                0,
                0,
                null,
                null,
                "ops",
                false,
                null);
        var fate = new JobView.Fate(1, null, List.of(), null, new JobView.Places(1, 0, 2, 0));
        return new JobView(submission, JobView.State.INTERRUPTED, at, at, null, null, fate);
    }

    private Endpoint endpoint() {
        return new Endpoint(
                "ops",
                URI.create("http://localhost:" + server.getAddress().getPort() + "/hook"),
                List.of(Secret.of("whsec_" + Base64.getEncoder().encodeToString(SECRET))),
                Optional.empty(),
                false,
                true);
    }

    private static long untold(Ringfence service) {
        return service.webhooks().status().getFirst().untold();
    }

    private static JobView run(Ringfence service, String command) {
        var submission = Submission.of(
                        "anonymous",
                        "ShellExec",
                        JsonNodeFactory.instance.objectNode().put("cmd", command))
                .webhook(Optional.of("ops"))
                .build();
        return service.jobs()
                .submit(submission)
                .flatMap(job -> job.ended())
                .await()
                .atMost(PATIENCE);
    }

    private Ringfence open(Map<String, String> more) {
        var settings = new HashMap<String, String>();
        settings.put("ringfence.data", data.toString());
        settings.put("ringfence.catalog", "src/test/resources/catalog.toml");
        settings.put(
                "ringfence.webhooks.endpoints.ops.url",
                "http://localhost:" + server.getAddress().getPort() + "/hook");
        settings.put("ringfence.webhooks.endpoints.ops.allow-private", "true");
        settings.put(
                "ringfence.webhooks.endpoints.ops.secret-file",
                files.resolve("secret").toString());
        // The host of the tests is busy, and that is no reason here.
        settings.put("ringfence.guard.enabled", "false");
        settings.putAll(more);
        return Ringfence.open(config(settings), Ringfence.Purpose.SERVICE, Unwatched.OBSERVER, LogObserver.none());
    }

    private static RingfenceConfig config(Map<String, String> settings) {
        return new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withMapping(RingfenceConfig.class)
                .withSources(new PropertiesConfigSource(settings, "test", 100))
                .build()
                .getConfigMapping(RingfenceConfig.class);
    }
}
