package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.catalog.Provider;
import dev.ringfence.runner.engine.EngineException.InvalidRequest;
import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.EngineException.RemoteUnavailable;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The exchanges of one request with a remote model's service, one at a time. */
final class RemoteCall {
    /** Who answers, in messages. */
    static final String WHO = "the service";

    private static final int MAX_REFUSAL = 64 * 1024;
    private static final int MAX_EVENT = 1024 * 1024;
    private static final int MAX_WHOLE = 64 * 1024 * 1024;
    private static final long MAX_STREAM = 256L * 1024 * 1024;

    /** For the counts that come after the end of an answer, and for a goodbye. */
    private static final Duration LAST_WORD = Duration.ofSeconds(5);

    private final String model;
    private final Provider.Remote provider;
    private final HttpClient client;
    private final Alarms alarms;
    private final RemoteTrouble trouble;
    private final Dialect dialect;
    private final AtomicReference<@Nullable InputStream> open = new AtomicReference<>();

    RemoteCall(String model, Provider.Remote provider, HttpClient client, Alarms alarms, RemoteHealth health) {
        this.model = model;
        this.provider = provider;
        this.client = client;
        this.alarms = alarms;
        this.dialect = switch (provider) {
            case Provider.OpenAI openAi -> new OpenAiDialect(openAi.modelName(), true);
            case Provider.Anthropic anthropic -> new AnthropicDialect(anthropic.modelName());
            case Provider.Custom custom ->
                new OpenAiDialect(custom.modelName() == null ? model : custom.modelName(), false);
        };
        this.trouble = new RemoteTrouble(model, provider, dialect.remoteModel(), health);
    }

    /** How a service wants to be asked, and how it answers. */
    interface Dialect {
        /** What the service calls the model. */
        String remoteModel();

        /** Below the base URL. */
        String path(GenerationRequest.Operation operation);

        /**
         * What is sent.
         *
         * @throws InvalidRequest when the service has nothing like it
         */
        ObjectNode body(GenerationRequest request);

        /** Whether the answer to the operation is a stream of events. */
        boolean streams(GenerationRequest.Operation operation);

        /** Adds what says who asks. */
        void authorize(HttpRequest.Builder request, @Nullable String key);

        /** Whether this was the last event. */
        boolean accept(SseReader.Event event, RemoteAnswer answer, GenerationListener listener);

        /**
         * Takes an answer that is no stream, also one that should have been.
         *
         * @param room what the answer has of it; for what grows
         */
        void acceptWhole(JsonNode body, RemoteAnswer answer, AnswerRoom.Share room, GenerationListener listener);
    }

    /** The exchange failed in a way that another try may not; {@code reason} is for the caller when there is none. */
    static final class Retryable extends Exception {
        private static final long serialVersionUID = 1L;
        private final EngineException reason;
        private final transient @Nullable Duration retryAfter;

        Retryable(EngineException reason, @Nullable Duration retryAfter) {
            super(reason);
            this.reason = reason;
            this.retryAfter = retryAfter;
        }

        EngineException reason() {
            return reason;
        }

        /** What the service asks for. */
        @Nullable Duration retryAfter() {
            return retryAfter;
        }
    }

    int retries() {
        return provider.access().retries();
    }

    /** Breaks off the exchange under way. */
    void hangUp() {
        close(open.getAndSet(null));
    }

    /** Logs how the service failed in the last exchange, if it did: for when no other is tried. */
    void logFailure() {
        trouble.log();
    }

    /** Asks, and tells what comes. */
    void converse(GenerationRequest request, RemoteAnswer answer, GenerationListener listener)
            throws Retryable, InterruptedException {
        var key = trouble.key();
        boolean accepted = false;
        try {
            var response = send(request, key);
            accepted = response.statusCode() == 200;
            try (var body = response.body()) {
                open.set(body);
                if (!accepted) {
                    throw trouble.refused(
                            url(request),
                            response.statusCode(),
                            RetryAfter.of(response.headers()),
                            JsonText.error(words(body)),
                            key);
                }
                read(request, body, answer, key, listener);
            }
            trouble.none();
        } catch (IOException e) {
            throw trouble.broken(e, accepted, key);
        } finally {
            open.set(null);
        }
    }

    private HttpResponse<InputStream> send(GenerationRequest request, ServiceKey key)
            throws IOException, InterruptedException {
        var access = provider.access();
        var message = HttpRequest.newBuilder(url(request))
                .timeout(access.silenceTimeout())
                .header("Content-Type", "application/json")
                .header("Accept", dialect.streams(request.operation()) ? "text/event-stream" : "application/json")
                .header("User-Agent", "ringfence")
                .POST(BodyPublishers.ofByteArray(JsonText.bytes(dialect.body(request))));
        if ("http".equalsIgnoreCase(access.baseUrl().getScheme())) {
            // Without TLS the client would offer to upgrade to HTTP/2, and servers drop the body of such a request.
            message.version(HttpClient.Version.HTTP_1_1);
        }
        dialect.authorize(message, key.value());
        return client.send(message.build(), BodyHandlers.ofInputStream());
    }

    private URI url(GenerationRequest request) {
        return URI.create(provider.access().baseUrl() + dialect.path(request.operation()));
    }

    /** Reads an answer; what is thrown may have the service's own words, and never the key. */
    private void read(
            GenerationRequest request,
            InputStream body,
            RemoteAnswer answer,
            ServiceKey key,
            GenerationListener listener)
            throws IOException, Retryable {
        try {
            read(request, body, answer, key.hiddenFrom(listener));
        } catch (Misbehaved e) {
            throw trouble.misbehaved(e, key);
        } catch (RemoteUnavailable e) {
            var failure = trouble.unavailable(e, key);
            if (answer.begun()) {
                throw failure;
            }
            throw new Retryable(failure, null);
        }
    }

    private void read(GenerationRequest request, InputStream body, RemoteAnswer answer, GenerationListener listener)
            throws IOException {
        var limit = provider.access().silenceTimeout();
        try (var silence = new Silence(body, limit, alarms)) {
            try {
                if (dialect.streams(request.operation())) {
                    var stream = new PushbackInputStream(silence.listening(MAX_STREAM));
                    if (!beginsAsJson(stream)) {
                        readEvents(stream, answer, silence, silence.patient(listener));
                        return;
                    }
                    // A server that knows no streams: an event never begins so.
                    readWhole(stream, AnswerRoom.Use.ANSWER, answer, silence.patient(listener));
                } else {
                    var whole = silence.listening(MAX_WHOLE);
                    readWhole(whole, AnswerRoom.Use.VECTORS, answer, silence.patient(listener));
                }
            } catch (IOException e) {
                if (answer.finished()) {
                    // Not every service says goodbye.
                    return;
                }
                throw silence.broke() ? new HttpTimeoutException("nothing came for " + limit.toSeconds() + " s") : e;
            }
        }
    }

    private static boolean beginsAsJson(PushbackInputStream body) throws IOException {
        int first = body.read();
        while (first == '\r' || first == '\n' || first == ' ') {
            first = body.read();
        }
        if (first >= 0) {
            body.unread(first);
        }
        return first == '{';
    }

    private void readEvents(InputStream body, RemoteAnswer answer, Silence silence, GenerationListener listener)
            throws IOException {
        var events = new SseReader(body, MAX_EVENT);
        for (var event = events.next(); event != null; event = events.next()) {
            if (dialect.accept(event, answer, listener)) {
                answer.check(model);
                return;
            }
            if (answer.finished()) {
                silence.lastWord(LAST_WORD);
            }
        }
        throw new IOException("the connection was closed in the middle of the answer");
    }

    private void readWhole(InputStream body, AnswerRoom.Use use, RemoteAnswer answer, GenerationListener listener)
            throws IOException {
        try (var room = AnswerRoom.OF_THE_HEAP.share(use)) {
            dialect.acceptWhole(JsonText.parse(WHO, room.reading(body)), answer, room, listener);
        }
        answer.check(model);
    }

    /** One event of an answer. */
    static JsonNode json(SseReader.Event event) {
        // All of it in the message, so that a key in it is found before it is cut.
        return JsonText.parse(WHO, event.data(), MAX_EVENT);
    }

    /** Whether a reason for an answer's end is one: some services give an empty one, or the word, for none so far. */
    static boolean isWord(JsonNode reason) {
        return reason.isTextual()
                && !reason.textValue().isBlank()
                && !reason.textValue().equals("null");
    }

    /** What has come of a refusal when it is whole, or long enough, or has taken as long as a service may be silent. */
    private String words(InputStream body) {
        var words = new ByteArrayOutputStream();
        var buffer = new byte[8 * 1024];
        try (var _ = new Silence(body, provider.access().silenceTimeout(), alarms)) {
            for (int count = body.read(buffer); count >= 0; count = body.read(buffer)) {
                words.write(buffer, 0, Math.min(count, MAX_REFUSAL - words.size()));
                if (words.size() == MAX_REFUSAL) {
                    break;
                }
            }
        } catch (IOException e) {
            // The status says the most of it.
        }
        return words.toString(StandardCharsets.UTF_8);
    }

    private static void close(@Nullable InputStream body) {
        if (body != null) {
            try {
                body.close();
            } catch (IOException e) {
                // It is not read any more, which is all that was wanted.
            }
        }
    }
}
