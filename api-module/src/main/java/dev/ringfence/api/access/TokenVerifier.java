package dev.ringfence.api.access;

import dev.ringfence.api.RingfenceConfig;
import dev.ringfence.api.StartupFailure;
import io.smallrye.jwt.algorithm.SignatureAlgorithm;
import io.smallrye.jwt.auth.principal.DefaultJWTCallerPrincipalFactory;
import io.smallrye.jwt.auth.principal.DefaultJWTParser;
import io.smallrye.jwt.auth.principal.JWTAuthContextInfo;
import io.smallrye.jwt.auth.principal.ParseException;
import java.net.URI;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.eclipse.microprofile.jwt.JsonWebToken;

/** Checks bearer tokens of an OpenID Connect provider against the keys it publishes (RFC 7517, RFC 7519). */
final class TokenVerifier {
    private static final int CLOCK_SKEW_SECONDS = 30;
    private static final int REFRESH_MINUTES = 60;

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

    private final DefaultJWTParser parser;
    private final String agentClaim;
    private final String adminGroup;

    private TokenVerifier(DefaultJWTParser parser, String agentClaim, String adminGroup) {
        this.parser = parser;
        this.agentClaim = agentClaim;
        this.adminGroup = adminGroup;
    }

    /** Empty when no provider is configured. */
    static Optional<TokenVerifier> of(RingfenceConfig.Oidc config) {
        if (config.jwks().isEmpty()) {
            if (config.issuer().isPresent() || config.audience().isPresent()) {
                throw new StartupFailure(
                        "ringfence.access.oidc.issuer and .audience mean nothing without ringfence.access.oidc.jwks;"
                                + " set it to the address of the provider's keys");
            }
            return Optional.empty();
        }
        var jwks = config.jwks().get();
        requireSafe(jwks);
        var info = new JWTAuthContextInfo(
                jwks, required(config.issuer(), "issuer", "the provider's name, as its tokens have it"));
        info.setExpectedAudience(
                Set.of(required(config.audience(), "audience", "what the provider calls this service")));
        info.setSignatureAlgorithm(ALGORITHMS);
        info.setClockSkew(CLOCK_SKEW_SECONDS);
        info.setJwksRefreshInterval(REFRESH_MINUTES);
        info.setRelaxVerificationKeyValidation(false);
        return Optional.of(new TokenVerifier(
                new DefaultJWTParser(info, new DefaultJWTCallerPrincipalFactory()),
                config.agentClaim(),
                config.adminGroup()));
    }

    /**
     * Who a token names. Blocks while the provider's keys are fetched.
     *
     * @throws AccessException when it does not hold, or the keys cannot be had
     */
    Caller verify(String token) {
        JsonWebToken parsed;
        try {
            parsed = parser.parse(token);
        } catch (ParseException e) {
            if (isOurs(e)) {
                throw new AccessException.Unavailable("the identity provider's keys cannot be had now", e);
            }
            throw new AccessException.Unauthenticated(
                    "the token is not valid: it must be signed by the configured issuer, be meant for this service and"
                            + " not be expired");
        }
        Object agent = parsed.getClaim(agentClaim);
        if (!(agent instanceof String name) || name.isBlank()) {
            throw new AccessException.Unauthenticated(
                    "the token has no claim \"" + agentClaim + "\", which names the agent");
        }
        var groups = parsed.getGroups();
        return new Caller(Optional.of(name), groups != null && groups.contains(adminGroup), "token");
    }

    /** Whether the keys were out of reach, which is no fault of the token. */
    private static boolean isOurs(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof java.io.IOException) {
                return true;
            }
        }
        return false;
    }

    /** Keys that come over a plain connection could be anyone's. */
    private static void requireSafe(String jwks) {
        var uri = URI.create(jwks);
        boolean local = "localhost".equals(uri.getHost()) || "127.0.0.1".equals(uri.getHost());
        if ("http".equals(uri.getScheme()) && !local) {
            throw new StartupFailure("ringfence.access.oidc.jwks is " + jwks + ": keys must come over https");
        }
    }

    private static String required(Optional<String> value, String key, String what) {
        return value.orElseThrow(() -> new StartupFailure("ringfence.access.oidc." + key + " is missing: set it to "
                + what + ", since tokens meant for others would be taken otherwise"));
    }
}
