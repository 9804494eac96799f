package dev.ringfence.api.access;

import io.smallrye.jwt.auth.principal.JWTParser;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The public keys of an identity provider. They are fetched on a thread of their own, one fetch for all who wait, and one
 * that failed is not tried again for a while: whoever sends tokens while the provider is away costs it and us nothing.
 * Thread-safe; nothing here blocks.
 */
final class ProviderKeys {
    private static final Logger LOG = Logger.getLogger(ProviderKeys.class);

    /** Older ones are fetched anew while they are used, so that a provider may be away for a while. */
    private static final Duration FRESH = Duration.ofMinutes(30);

    /** Older ones are not used: the provider may have withdrawn them. */
    private static final Duration LONGEST = Duration.ofMinutes(60);

    private static final Duration CONNECT = Duration.ofSeconds(3);
    private static final Duration ANSWER = Duration.ofSeconds(5);

    /** For an answer, and for a name to be resolved before. */
    private static final Duration ALTOGETHER = Duration.ofSeconds(8);

    private static final int MOST_BYTES = 1 << 20;

    private final URI place;
    private final Function<String, JWTParser> parser;
    private final Duration pause;
    private @Nullable Known known;

    /** The last fetch as those who wait for it see it; failed in time, even when it hangs. */
    private CompletableFuture<Known> awaited = CompletableFuture.failedFuture(new IllegalStateException("none yet"));

    /** The last fetch until its thread is over. */
    private CompletableFuture<Known> running = awaited;

    /** Not before this, by {@link System#nanoTime}. */
    private long next = System.nanoTime();

    /**
     * What was fetched, and when.
     *
     * @param parser checks tokens by these keys
     */
    record Known(JWTParser parser, long fetchedAt) {
        private boolean olderThan(Duration age) {
            return System.nanoTime() - fetchedAt > age.toNanos();
        }
    }

    /**
     * @param place of the keys: https, http or a file
     * @param parser for keys of this text; fails when there are none in it
     * @param pause from one fetch's end to the next
     */
    ProviderKeys(URI place, Function<String, JWTParser> parser, Duration pause) {
        this.place = place;
        this.pause = pause;
        this.parser = parser;
    }

    /** The keys: at once when they are known, else when a fetch is over. It is not to be completed by whoever gets it. */
    synchronized CompletableFuture<Known> current() {
        if (known == null || known.olderThan(LONGEST)) {
            return fetched();
        }
        if (known.olderThan(FRESH)) {
            var _ = fetched();
        }
        return CompletableFuture.completedFuture(known);
    }

    /** Keys that are younger than those that had none for a token; the same ones when they were fetched just now. */
    synchronized CompletableFuture<Known> after(Known tried) {
        return tried.equals(known) ? fetched() : current();
    }

    /** To be called with the lock. */
    private CompletableFuture<Known> fetched() {
        if (running.isDone() && System.nanoTime() - next >= 0) {
            running = CompletableFuture.supplyAsync(
                            this::fetch,
                            // A platform thread: a file system that hangs would hold up all virtual ones.
                            Thread.ofPlatform().name("identity-provider-keys").daemon()::start)
                    .whenComplete(this::settle);
            awaited = running.copy().orTimeout(ALTOGETHER.toNanos(), TimeUnit.NANOSECONDS);
        }
        return awaited;
    }

    private synchronized void settle(@Nullable Known fresh, @Nullable Throwable failure) {
        next = System.nanoTime() + pause.toNanos();
        if (fresh != null) {
            known = fresh;
        } else {
            LOG.errorf(
                    "the identity provider's keys cannot be had from %s: %s",
                    place, failure == null ? "" : why(failure));
        }
    }

    private static Object why(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    private Known fetch() {
        try {
            byte[] content = "file".equals(place.getScheme()) ? fromFile() : overHttp();
            return new Known(parser.apply(new String(content, StandardCharsets.UTF_8)), System.nanoTime());
        } catch (IOException e) {
            throw new CompletionException(e);
        }
    }

    private byte[] fromFile() throws IOException {
        try (InputStream file = Files.newInputStream(Path.of(place))) {
            byte[] content = file.readNBytes(MOST_BYTES + 1);
            if (content.length > MOST_BYTES) {
                throw new IOException("there are more than " + MOST_BYTES + " bytes");
            }
            return content;
        }
    }

    /** Redirects are not followed: they could lead to where keys may not come from. */
    private byte[] overHttp() throws IOException {
        var client = HttpClient.newBuilder()
                .connectTimeout(CONNECT)
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
        try {
            var request = HttpRequest.newBuilder(place)
                    .header("Accept", "application/jwk-set+json, application/json")
                    .header("User-Agent", "ringfence")
                    .build();
            HttpResponse<byte[]> response = client.sendAsync(
                            request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), MOST_BYTES))
                    .get(ANSWER.toNanos(), TimeUnit.NANOSECONDS);
            if (response.statusCode() != 200) {
                throw new IOException("it answered " + response.statusCode());
            }
            return response.body();
        } catch (ExecutionException e) {
            throw new IOException(String.valueOf(e.getCause()), e);
        } catch (TimeoutException e) {
            throw new IOException("it did not answer whole within " + ANSWER.toSeconds() + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            client.shutdownNow();
        }
    }
}
