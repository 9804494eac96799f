package dev.ringfence.catalog;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;

/**
 * How a remote model's service is reached.
 *
 * @param baseUrl what its paths are below, such as {@code https://api.openai.com/v1}; without a slash at the end
 * @param key with what the service is asked
 * @param connectTimeout until a connection stands
 * @param silenceTimeout how long the service may be silent, before its answer as well as in it
 * @param retries how often a request is sent again that failed before anything of an answer came
 * @param parallel requests that are sent at the same time
 */
public record RemoteAccess(
        URI baseUrl, ApiKey key, Duration connectTimeout, Duration silenceTimeout, int retries, int parallel) {
    public static final URI OPENAI = URI.create("https://api.openai.com/v1");
    public static final URI ANTHROPIC = URI.create("https://api.anthropic.com/v1");

    public RemoteAccess {
        Objects.requireNonNull(baseUrl);
        Objects.requireNonNull(key);
        Objects.requireNonNull(connectTimeout);
        Objects.requireNonNull(silenceTimeout);
    }

    static RemoteAccess openAi() {
        return of(OPENAI, new ApiKey.Environment("OPENAI_API_KEY"));
    }

    static RemoteAccess anthropic() {
        return of(ANTHROPIC, new ApiKey.Environment("ANTHROPIC_API_KEY"));
    }

    static RemoteAccess custom(URI endpoint) {
        return of(endpoint, new ApiKey.None());
    }

    private static RemoteAccess of(URI baseUrl, ApiKey key) {
        return new RemoteAccess(baseUrl, key, Duration.ofSeconds(10), Duration.ofSeconds(60), 2, 8);
    }

    /** Where a service's key is. The key itself is read when it is needed, and kept nowhere. */
    public sealed interface ApiKey {
        /** The service wants none. */
        record None() implements ApiKey {}

        /** In an environment variable of this service. */
        record Environment(String variable) implements ApiKey {}

        /** In a file that only this service's user can read; its first line. */
        record File(Path path) implements ApiKey {}
    }
}
