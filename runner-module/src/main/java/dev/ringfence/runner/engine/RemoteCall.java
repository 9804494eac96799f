package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.catalog.Provider;
import dev.ringfence.runner.engine.EngineException.InvalidRequest;
import dev.ringfence.runner.engine.EngineException.RemoteDenied;
import dev.ringfence.runner.engine.EngineException.RemoteUnavailable;
import dev.ringfence.runner.engine.EngineException.Saturated;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** The exchanges of one request with a remote model's service, one at a time. */
final class RemoteCall {
    /** Who answers, in messages. */
    static final String WHO = "the service";

    private static final int MAX_REFUSAL = 64 * 1024;
    private static final int MAX_EVENT = 1024 * 1024;
    private static final int MAX_VECTORS = 64 * 1024 * 1024;
    private static final long MAX_STREAM = 256L * 1024 * 1024;

    private final String model;
    private final Provider.Remote provider;
    private final HttpClient client;
    private final Alarms alarms;
    private final Dialect dialect;
    private final AtomicReference<@Nullable InputStream> open = new AtomicReference<>();

    RemoteCall(String model, Provider.Remote provider, HttpClient client, Alarms alarms) {
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
    }

    /** How a service wants to be asked, and how it answers. */
    interface Dialect {
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

        /** Takes an answer that is no stream. */
        void acceptWhole(JsonNode body, RemoteAnswer answer, GenerationListener listener);
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

    /** Asks, and tells what comes. */
    void converse(GenerationRequest request, RemoteAnswer answer, GenerationListener listener)
            throws Retryable, InterruptedException {
        var key = ApiKeys.read(model, provider.access().key());
        try {
            var response = send(request, key);
            try (var body = response.body()) {
                open.set(body);
                if (response.statusCode() != 200) {
                    throw refused(response, key);
                }
                read(request, body, answer, listener);
            }
        } catch (IOException e) {
            throw broken(e, answer, key);
        } finally {
            open.set(null);
        }
    }

    private HttpResponse<InputStream> send(GenerationRequest request, @Nullable String key)
            throws IOException, InterruptedException {
        var access = provider.access();
        var message = HttpRequest.newBuilder(URI.create(access.baseUrl() + dialect.path(request.operation())))
                .timeout(access.silenceTimeout())
                .header("Content-Type", "application/json")
                .header("Accept", dialect.streams(request.operation()) ? "text/event-stream" : "application/json")
                .header("User-Agent", "ringfence")
                .POST(BodyPublishers.ofByteArray(JsonText.bytes(dialect.body(request))));
        if ("http".equalsIgnoreCase(access.baseUrl().getScheme())) {
            // Without TLS the client would offer to upgrade to HTTP/2, and servers drop the body of such a request.
            message.version(HttpClient.Version.HTTP_1_1);
        }
        dialect.authorize(message, key);
        return client.send(message.build(), BodyHandlers.ofInputStream());
    }

    private void read(GenerationRequest request, InputStream body, RemoteAnswer answer, GenerationListener listener)
            throws IOException {
        var silence = new Silence(body);
        try (silence) {
            if (dialect.streams(request.operation())) {
                var events = new SseReader(new Bounded(body, MAX_STREAM, silence), MAX_EVENT);
                for (var event = events.next(); event != null; event = events.next()) {
                    if (dialect.accept(event, answer, listener)) {
                        answer.check(model);
                        return;
                    }
                }
                if (answer.finished()) {
                    // Not every service says goodbye.
                    return;
                }
                throw new IOException("the connection was closed in the middle of the answer");
            }
            try (var room = AnswerRoom.OF_THE_HEAP.reading(new Bounded(body, MAX_VECTORS, silence))) {
                dialect.acceptWhole(JsonText.parse(WHO, room), answer, listener);
            }
            answer.check(model);
        } catch (IOException e) {
            if (silence.broke()) {
                throw new HttpTimeoutException(
                        "nothing came for " + provider.access().silenceTimeout().toSeconds() + " s");
            }
            throw e;
        }
    }

    /** What another status than 200 means. */
    private RuntimeException refused(HttpResponse<InputStream> response, @Nullable String key)
            throws IOException, Retryable {
        int status = response.statusCode();
        var text = new String(response.body().readNBytes(MAX_REFUSAL), StandardCharsets.UTF_8);
        var reason = reason(text, key);
        return switch (status) {
            case 401, 403 -> new RemoteDenied(refusal("does not accept this service's key", status, reason));
            case 429 -> {
                var wait = retryAfter(response);
                throw new Retryable(
                        new Saturated(
                                refusal("has no room now", status, reason),
                                wait == null ? Duration.ofSeconds(10) : wait,
                                0),
                        wait);
            }
            case 408, 500, 502, 503, 504, 529 ->
                throw new Retryable(
                        new RemoteUnavailable(refusal("cannot answer now", status, reason)), retryAfter(response));
            default ->
                status >= 400 && status < 500
                        ? new InvalidRequest(refusal("refuses the request", status, reason))
                        : new RemoteUnavailable(
                                refusal("answers with what is no answer, is its address right?", status, reason));
        };
    }

    private String refusal(String what, int status, String reason) {
        return "the service of model %s %s (status %d)%s".formatted(model, what, status, reason);
    }

    /** Seconds only; a date would need clocks that agree. */
    private static @Nullable Duration retryAfter(HttpResponse<InputStream> response) {
        return response.headers()
                .firstValue("Retry-After")
                .filter(value -> value.matches("[0-9]{1,6}"))
                .map(value -> Duration.ofSeconds(Long.parseLong(value)))
                .orElse(null);
    }

    /** What the service says, without the key, which some repeat. */
    private static String reason(String body, @Nullable String key) {
        var said = JsonText.error(body).path("message").asText("");
        return said.isEmpty() ? "" : ": " + Texts.clip(withoutKey(said, key), 500);
    }

    private static String withoutKey(String text, @Nullable String key) {
        return key == null ? text : text.replace(key, "(the key)");
    }

    /** Only what surely began no work is worth another try. */
    private RemoteUnavailable broken(IOException failure, RemoteAnswer answer, @Nullable String key) throws Retryable {
        var why = withoutKey(String.valueOf(failure.getMessage()), key);
        if (failure instanceof HttpConnectTimeoutException || failure instanceof ConnectException) {
            throw new Retryable(
                    new RemoteUnavailable("the service of model %s at %s cannot be reached: %s"
                            .formatted(
                                    model, host(), failure instanceof ConnectException ? "nobody answers there" : why)),
                    null);
        }
        if (failure instanceof SSLException) {
            return new RemoteUnavailable(
                    "the service of model %s at %s does not prove who it is: %s".formatted(model, host(), why));
        }
        if (failure instanceof HttpTimeoutException) {
            return new RemoteUnavailable(
                    "the service of model %s fell silent: nothing came for %s s; silence_timeout_seconds"
                                    .formatted(
                                            model,
                                            provider.access().silenceTimeout().toSeconds())
                            + " in the catalog says how long that may be");
        }
        var reason = new RemoteUnavailable("the service of model %s broke off its answer: %s".formatted(model, why));
        if (answer.begun()) {
            return reason;
        }
        throw new Retryable(reason, null);
    }

    private String host() {
        var url = provider.access().baseUrl();
        return url.getHost() + (url.getPort() < 0 ? "" : ":" + url.getPort());
    }

    /** Hangs up when nothing has come for too long. */
    private final class Silence implements AutoCloseable {
        private final InputStream body;
        private final AtomicBoolean broke = new AtomicBoolean();
        private final long allowed = provider.access().silenceTimeout().toNanos();
        private volatile long heard = System.nanoTime();
        private volatile boolean over;
        private volatile Alarms.@Nullable Alarm alarm;

        Silence(InputStream body) {
            this.body = body;
            listen(allowed);
        }

        void heard() {
            heard = System.nanoTime();
        }

        boolean broke() {
            return broke.get();
        }

        /** One alarm for a whole stretch of events, which looks again when it rings. */
        private void listen(long nanos) {
            alarm = alarms.after(Duration.ofNanos(nanos), () -> {
                long left = allowed - (System.nanoTime() - heard);
                if (over) {
                    return;
                }
                if (left > 0) {
                    listen(left);
                } else {
                    broke.set(true);
                    RemoteCall.close(body);
                }
            });
        }

        @Override
        public void close() {
            over = true;
            var set = alarm;
            if (set != null) {
                set.close();
            }
        }
    }

    /** A body that ends with an error where it gets too long, and tells that something came. */
    private static final class Bounded extends FilterInputStream {
        private final Silence silence;
        private long left;

        Bounded(InputStream body, long most, Silence silence) {
            super(body);
            this.left = most;
            this.silence = silence;
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int count = super.read(target, offset, length);
            if (count > 0) {
                silence.heard();
                left -= count;
                if (left < 0) {
                    throw new IOException("the answer is too long");
                }
            }
            return count;
        }
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
