package dev.ringfence.api.access;

import io.smallrye.jwt.algorithm.SignatureAlgorithm;
import io.smallrye.jwt.auth.principal.DefaultJWTCallerPrincipalFactory;
import io.smallrye.jwt.auth.principal.DefaultJWTParser;
import io.smallrye.jwt.auth.principal.JWTAuthContextInfo;
import io.smallrye.jwt.auth.principal.JWTParser;
import io.smallrye.jwt.auth.principal.ParseException;
import io.smallrye.jwt.util.KeyUtils;
import io.smallrye.mutiny.Uni;
import java.net.URI;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.eclipse.microprofile.jwt.JsonWebToken;
import org.jose4j.lang.UnresolvableKeyException;
import org.jspecify.annotations.Nullable;

/**
 * Checks bearer tokens of an OpenID Connect provider against the keys it publishes (RFC 7517, RFC 7519). Anyone may send
 * one, so what they cost is bounded: they are checked on threads of their own, and so many wait and no more. Thread-safe.
 */
final class TokenVerifier {
    private static final int CLOCK_SKEW_SECONDS = 30;
    private static final int THREADS = 2;

    /** Between fetches, so that unknown keys and failures do not make many. */
    private static final Duration PAUSE = Duration.ofSeconds(10);

    /** Tokens that wait for one of the threads, and those that wait for the provider's keys. */
    private static final int WAITING = 256;

    /** Asymmetric ones only: the provider's public keys must not be taken for a shared secret. */
    private static final Set<SignatureAlgorithm> ALGORITHMS = EnumSet.of(
            SignatureAlgorithm.RS256,
            SignatureAlgorithm.RS384,
            SignatureAlgorithm.RS512,
            SignatureAlgorithm.PS256,
            SignatureAlgorithm.PS384,
            SignatureAlgorithm.PS512,
            SignatureAlgorithm.ES256,
            SignatureAlgorithm.ES384,
            SignatureAlgorithm.ES512,
            SignatureAlgorithm.EDDSA);

    private final IdentityProvider provider;
    private final ProviderKeys keys;
    private final ThreadPoolExecutor threads;
    private final Semaphore waiting = new Semaphore(WAITING);

    TokenVerifier(IdentityProvider provider) {
        this(provider, PAUSE);
    }

    /** @param pause between fetches of the provider's keys */
    TokenVerifier(IdentityProvider provider, Duration pause) {
        this.provider = provider;
        this.keys = new ProviderKeys(URI.create(provider.jwks()), this::parser, pause);
        this.threads = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                30,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(WAITING),
                Thread.ofPlatform().name("tokens-", 0).daemon().factory());
        threads.allowCoreThreadTimeOut(true);
    }

    private JWTParser parser(String published) {
        if (!published.contains("-----BEGIN")) {
            var found = KeyUtils.loadJsonWebKeys(published);
            if (found == null || found.isEmpty()) {
                throw new IllegalArgumentException("there are no keys in it");
            }
        }
        var info = new JWTAuthContextInfo();
        info.setPublicKeyContent(published);
        info.setIssuedBy(provider.issuer());
        info.setExpectedAudience(Set.of(provider.audience()));
        info.setSignatureAlgorithm(ALGORITHMS);
        info.setClockSkew(CLOCK_SKEW_SECONDS);
        info.setRelaxVerificationKeyValidation(false);
        return new DefaultJWTParser(info, new DefaultJWTCallerPrincipalFactory());
    }

    /**
     * Who a token names.
     *
     * @return or an {@link AccessException} when it does not hold, the keys cannot be had, or too many wait
     */
    Uni<Caller> verify(String token) {
        return known(keys::current)
                .flatMap(known -> check(token, known)
                        .onFailure(UnknownKey.class)
                        // Made by a key that is younger than those known, or by none of the provider's.
                        .recoverWithUni(() -> known(() -> keys.after(known)).flatMap(newer -> check(token, newer))))
                .onFailure(UnknownKey.class)
                .transform(_ -> notValid());
    }

    private Uni<ProviderKeys.Known> known(Supplier<CompletableFuture<ProviderKeys.Known>> source) {
        return Uni.createFrom().deferred(() -> {
            var fetched = source.get();
            var known = Uni.createFrom()
                    .completionStage(fetched::copy)
                    .onFailure()
                    .transform(e -> unavailable("the identity provider's keys cannot be had now", e));
            if (fetched.isDone()) {
                return known;
            }
            if (!waiting.tryAcquire()) {
                throw unavailable(WAITING + " tokens wait for the identity provider's keys already", null);
            }
            return known.onTermination().invoke(waiting::release);
        });
    }

    private Uni<Caller> check(String token, ProviderKeys.Known known) {
        return Uni.createFrom()
                .item(() -> caller(token, known.parser()))
                .runSubscriptionOn(threads)
                .onFailure(RejectedExecutionException.class)
                .transform(e -> unavailable(WAITING + " tokens wait to be checked already", e));
    }

    private Caller caller(String token, JWTParser parser) {
        JsonWebToken parsed;
        try {
            parsed = parser.parse(token);
        } catch (ParseException e) {
            throw e.getCause() instanceof UnresolvableKeyException ? new UnknownKey(e) : notValid();
        }
        Object agent = parsed.getClaim(provider.agentClaim());
        if (!(agent instanceof String name) || name.isBlank()) {
            throw new AccessException.Unauthenticated(
                    "the token has no claim \"" + provider.agentClaim() + "\", which names the agent");
        }
        var groups = parsed.getGroups();
        return new Caller(
                Optional.of(name),
                groups != null && groups.contains(provider.adminGroup()),
                Optional.of("token:" + name));
    }

    private static AccessException.Unauthenticated notValid() {
        return new AccessException.Unauthenticated(
                "the token is not valid: it must be signed by the configured issuer, be meant for this service and"
                        + " not be expired");
    }

    private static AccessException.Unavailable unavailable(String message, @Nullable Throwable cause) {
        return new AccessException.Unavailable(message, cause, PAUSE);
    }

    /** None of the keys that are known is the token's. */
    private static final class UnknownKey extends RuntimeException {
        private static final long serialVersionUID = 1L;

        UnknownKey(Throwable cause) {
            super(cause);
        }
    }
}
