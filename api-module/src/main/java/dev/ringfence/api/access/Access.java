package dev.ringfence.api.access;

import io.smallrye.mutiny.Uni;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;

/**
 * The check of who calls. While there is neither a key nor an identity provider, everyone is let in, and the service may only
 * listen on the loopback address; from the first key on, every caller has to prove who it is. Thread-safe;
 * nothing but the file of keys is read in a caller's thread.
 */
public final class Access {
    private static final Logger LOG = Logger.getLogger(Access.class);
    private static final Pattern BEARER = Pattern.compile("Bearer +(\\S{1,16384}) *", Pattern.CASE_INSENSITIVE);

    /** The names by which only this host reaches the service. */
    public static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "::1", "[::1]");

    /** A guess of how long an operator takes. */
    private static final Duration MENDED = Duration.ofSeconds(10);

    private final KeyStore keys;
    private final Optional<TokenVerifier> tokens;

    private Access(KeyStore keys, Optional<TokenVerifier> tokens) {
        this.keys = keys;
        this.tokens = tokens;
    }

    /**
     * Reads the keys there are.
     *
     * @param file of the keys; need not exist yet
     * @param provider whose tokens are taken beside the keys
     * @throws UncheckedIOException when the keys are there and cannot be read
     */
    public static Access of(Path file, Optional<IdentityProvider> provider) {
        var keys = new KeyStore(file);
        var _ = keys.list();
        return new Access(keys, provider.map(TokenVerifier::new));
    }

    /** Whether callers have to prove who they are. */
    public boolean required() {
        return tokens.isPresent() || keys.exists();
    }

    /** Where keys are kept. */
    public Path keys() {
        return keys.file();
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
                : tokens.get().verify(presented);
    }

    private Caller byKey(String presented) {
        try {
            return keys.verify(presented)
                    .map(key -> new Caller(Optional.of(key.agent()), key.admin(), Optional.of("key:" + key.id())))
                    .orElseThrow(() -> new AccessException.Unauthenticated(
                            "the key is unknown, revoked or expired; `ringfence keys list` tells which"));
        } catch (UncheckedIOException e) {
            LOG.errorf("nobody is let in: %s", e.getMessage());
            throw new AccessException.Unavailable("the keys cannot be read, so nobody is let in", e, MENDED);
        }
    }

    private static Uni<Caller> denied(String message) {
        return Uni.createFrom().failure(new AccessException.Unauthenticated(message));
    }
}
