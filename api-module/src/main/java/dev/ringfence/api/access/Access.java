package dev.ringfence.api.access;

import dev.ringfence.api.RingfenceConfig;
import dev.ringfence.api.StartupFailure;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tells who calls. While there is neither a key nor an identity provider, everyone is let in, and the service may only
 * listen on the loopback address; from the first key on, every caller has to prove who it is. Thread-safe.
 */
public final class Access {
    private static final Pattern BEARER = Pattern.compile("Bearer +(\\S{1,16384}) *", Pattern.CASE_INSENSITIVE);

    /** The names by which only this host reaches the service. */
    public static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "::1", "[::1]");

    private final KeyStore keys;
    private final Optional<TokenVerifier> tokens;

    private Access(KeyStore keys, Optional<TokenVerifier> tokens) {
        this.keys = keys;
        this.tokens = tokens;
    }

    /**
     * @param data the service's data directory, where the keys are kept unless the configuration says otherwise
     * @throws StartupFailure when the configuration contradicts itself or the keys cannot be read
     */
    public static Access of(RingfenceConfig.Access config, Path data) {
        var keys = new KeyStore(config.keys().orElse(data.resolve("keys.json")));
        try {
            keys.list();
        } catch (UncheckedIOException e) {
            throw new StartupFailure("the keys cannot be read: " + e.getCause().getMessage(), e);
        }
        return new Access(keys, TokenVerifier.of(config.oidc()));
    }

    /** Whether callers have to prove who they are. */
    public boolean required() {
        return tokens.isPresent() || keys.exists();
    }

    /**
     * Refuses to be reachable from other hosts without anything that tells callers apart.
     *
     * @throws StartupFailure naming the address and what to do
     */
    public void requireForAddress(String host) {
        if (!LOOPBACK.contains(host) && !required()) {
            throw new StartupFailure("the service would listen on " + host
                    + " and let everyone in: make a key first with `ringfence keys create --agent NAME --admin"
                    + " --keys " + keys.file() + "`, or set ringfence.access.oidc.jwks, or listen on 127.0.0.1");
        }
    }

    /**
     * Who presents this {@code Authorization} header.
     *
     * @return or an {@link AccessException}
     */
    public Uni<Caller> caller(Optional<String> authorization) {
        if (!required()) {
            return Uni.createFrom().item(Caller.OPEN);
        }
        var bearer = authorization.map(BEARER::matcher).filter(Matcher::matches);
        if (bearer.isEmpty()) {
            return denied("send `Authorization: Bearer KEY`; `ringfence keys create` makes a key");
        }
        var presented = bearer.get().group(1);
        if (KeyStore.looksLikeKey(presented)) {
            return Uni.createFrom().item(() -> byKey(presented));
        }
        return tokens.isEmpty()
                ? denied("this is no key of this service; `ringfence keys create` makes one")
                // May have to fetch the provider's keys, which blocks.
                : Uni.createFrom()
                        .item(() -> tokens.get().verify(presented))
                        .runSubscriptionOn(Infrastructure.getDefaultWorkerPool());
    }

    private Caller byKey(String presented) {
        try {
            return keys.verify(presented)
                    .map(key -> new Caller(Optional.of(key.agent()), key.admin(), "key:" + key.id()))
                    .orElseThrow(() -> new AccessException.Unauthenticated(
                            "the key is unknown, revoked or expired; `ringfence keys list` tells which"));
        } catch (UncheckedIOException e) {
            throw new AccessException.Unavailable("the keys cannot be read, so nobody is let in", e);
        }
    }

    private static Uni<Caller> denied(String message) {
        return Uni.createFrom().failure(new AccessException.Unauthenticated(message));
    }
}
