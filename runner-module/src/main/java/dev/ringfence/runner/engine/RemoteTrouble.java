package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.catalog.Provider;
import dev.ringfence.catalog.RemoteAccess.ApiKey;
import dev.ringfence.runner.engine.EngineException.InvalidRequest;
import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.EngineException.RemoteDenied;
import dev.ringfence.runner.engine.EngineException.RemoteNotFound;
import dev.ringfence.runner.engine.EngineException.RemoteUnavailable;
import dev.ringfence.runner.engine.EngineException.Saturated;
import dev.ringfence.runner.engine.RemoteCall.Retryable;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * What the failures of a remote model's service mean, told in two ways: the caller hears what the service said of it,
 * without the key, and the log none of that. For the exchanges of one request, one at a time.
 */
final class RemoteTrouble {
    /** Of what the service says, in a message. */
    private static final int MAX_WORDS = 600;

    private final String model;
    private final Provider.Remote provider;
    private final String remoteModel;
    private final RemoteHealth health;

    /** How the service failed in the last exchange, for the log; null when it did not. */
    private @Nullable String last;

    /** @param remoteModel what the service calls the model */
    RemoteTrouble(String model, Provider.Remote provider, String remoteModel, RemoteHealth health) {
        this.model = model;
        this.provider = provider;
        this.remoteModel = remoteModel;
        this.health = health;
    }

    /** Logs the last failure, if there was one. */
    void log() {
        if (last != null) {
            health.failed(last);
        }
    }

    /** The service has answered. */
    void none() {
        health.answered();
    }

    /**
     * The key for an exchange that begins.
     *
     * @throws RemoteDenied when there is none that can be used
     */
    ServiceKey key() {
        last = null;
        try {
            return new ServiceKey(ApiKeys.read(model, provider.access().key()));
        } catch (RemoteDenied e) {
            last = e.getMessage();
            throw e;
        }
    }

    /** What came of an answer is none; the message may have the service's own words. */
    Misbehaved misbehaved(Misbehaved failure, ServiceKey key) {
        last = "the service of model %s answers with what cannot be passed on; who asked is told why".formatted(model);
        return new Misbehaved(hidden(failure, key));
    }

    /** An answer that has begun says that there will be none; the message may have the service's own words. */
    RemoteUnavailable unavailable(RemoteUnavailable failure, ServiceKey key) {
        last = "the service of model %s begins to answer and says that it cannot now".formatted(model);
        return new RemoteUnavailable(hidden(failure, key));
    }

    private static String hidden(Exception failure, ServiceKey key) {
        return key.hiddenIn(String.valueOf(failure.getMessage()), MAX_WORDS);
    }

    /**
     * What another status than 200 means.
     *
     * @param error what came with it; may be missing
     */
    EngineException refused(URI url, int status, RetryAfter after, JsonNode error, ServiceKey key) throws Retryable {
        if (status < 500 && error.path("code").asText().equals("model_not_found")) {
            return notFound(url, status, error, key);
        }
        return switch (status) {
            case 401, 403 -> new RemoteDenied(failure(denial(), status, error, key));
            // Clients name models of the catalog, so it is nothing that they could mend.
            case 404, 405, 410 -> notFound(url, status, error, key);
            case 429 -> {
                var wait = after instanceof RetryAfter.In(var asked) ? asked : Duration.ofSeconds(10);
                throw again(new Saturated(failure("has no room now", status, error, key), wait, 0), after);
            }
            case 408, 500, 502, 503, 504, 529 ->
                throw again(new RemoteUnavailable(failure("cannot answer now", status, error, key)), after);
            default ->
                status >= 400 && status < 500
                        ? new InvalidRequest(refusal("refuses the request", status) + reason(error, key))
                        : new RemoteUnavailable(failure(
                                "answers with what is no answer at %s, check %s"
                                        .formatted(key.hiddenIn(url.toString(), MAX_WORDS), addressKey()),
                                status,
                                error,
                                key));
        };
    }

    private RemoteNotFound notFound(URI url, int status, JsonNode error, ServiceKey key) {
        return new RemoteNotFound(failure(
                "has nothing at %s, or no model %s: check %s and model_name in the catalog"
                        .formatted(key.hiddenIn(url.toString(), MAX_WORDS), remoteModel, addressKey()),
                status,
                error,
                key));
    }

    /** The catalog's name of where the service is. */
    private String addressKey() {
        return provider instanceof Provider.Custom ? "endpoint_url" : "base_url";
    }

    private String denial() {
        return provider.access().key() instanceof ApiKey.None
                ? "wants a key or does not let this service in, and the catalog names no key for it: set api_key_env or"
                        + " api_key_file"
                : "does not accept this service's key";
    }

    /** What the caller hears; the log hears it without the service's own words. */
    private String failure(String what, int status, JsonNode error, ServiceKey key) {
        var own = refusal(what, status);
        last = own;
        return own + reason(error, key);
    }

    private RemoteUnavailable failure(String what) {
        last = "the service of model %s %s".formatted(model, what);
        return new RemoteUnavailable(last);
    }

    private RemoteUnavailable failure(String what, String why) {
        return new RemoteUnavailable(failure(what).getMessage() + ": " + why);
    }

    /** A service that wants to be asked again at a time that nobody can read is not asked again. */
    private static EngineException again(EngineException reason, RetryAfter after) throws Retryable {
        return switch (after) {
            case RetryAfter.Unsaid() -> throw new Retryable(reason, null);
            case RetryAfter.In(var pause) -> throw new Retryable(reason, pause);
            case RetryAfter.Unreadable() -> reason;
        };
    }

    private String refusal(String what, int status) {
        return "the service of model %s %s (status %d)".formatted(model, what, status);
    }

    private static String reason(JsonNode error, ServiceKey key) {
        var said = error.path("message").asText("");
        return said.isEmpty() ? "" : ": " + key.hiddenIn(said, 500);
    }

    /**
     * What a broken connection means. A service that has said 200 has begun to work, and may charge for it: then the
     * request is not sent again.
     */
    RemoteUnavailable broken(IOException failure, boolean accepted, ServiceKey key) throws Retryable {
        if (failure instanceof HttpConnectTimeoutException || failure instanceof ConnectException) {
            throw new Retryable(failure("at %s cannot be reached: %s".formatted(host(), unreachable(failure))), null);
        }
        var why = hidden(failure, key);
        if (failure instanceof SSLException) {
            return failure("at %s does not prove who it is".formatted(host()), why);
        }
        if (failure instanceof HttpTimeoutException) {
            return failure(
                    "fell silent: nothing came for %s s; silence_timeout_seconds in the catalog says how long that may be"
                            .formatted(provider.access().silenceTimeout().toSeconds()));
        }
        var reason = failure("broke off its answer", why);
        if (accepted) {
            return reason;
        }
        throw new Retryable(reason, null);
    }

    private String unreachable(IOException failure) {
        if (failure instanceof HttpConnectTimeoutException) {
            return "no connection stands after %s (connect_timeout_seconds)"
                    .formatted(Texts.seconds(provider.access().connectTimeout()));
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnresolvedAddressException || cause instanceof UnknownHostException) {
                return "no address is known for that name; check " + addressKey();
            }
        }
        return "nobody answers there";
    }

    private String host() {
        var url = provider.access().baseUrl();
        return url.getHost() + (url.getPort() < 0 ? "" : ":" + url.getPort());
    }
}
