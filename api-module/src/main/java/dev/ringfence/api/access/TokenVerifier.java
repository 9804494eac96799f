package dev.ringfence.api.access;

import io.smallrye.jwt.algorithm.SignatureAlgorithm;
import io.smallrye.jwt.auth.principal.DefaultJWTCallerPrincipalFactory;
import io.smallrye.jwt.auth.principal.DefaultJWTParser;
import io.smallrye.jwt.auth.principal.JWTAuthContextInfo;
import io.smallrye.jwt.auth.principal.ParseException;
import java.io.IOException;
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

    TokenVerifier(IdentityProvider provider) {
        var info = new JWTAuthContextInfo(provider.jwks(), provider.issuer());
        info.setExpectedAudience(Set.of(provider.audience()));
        info.setSignatureAlgorithm(ALGORITHMS);
        info.setClockSkew(CLOCK_SKEW_SECONDS);
        info.setJwksRefreshInterval(REFRESH_MINUTES);
        info.setRelaxVerificationKeyValidation(false);
        this.parser = new DefaultJWTParser(info, new DefaultJWTCallerPrincipalFactory());
        this.agentClaim = provider.agentClaim();
        this.adminGroup = provider.adminGroup();
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
        return new Caller(
                Optional.of(name), groups != null && groups.contains(adminGroup), Optional.of("token:" + name));
    }

    /** Whether the keys were out of reach, which is no fault of the token. */
    private static boolean isOurs(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof IOException) {
                return true;
            }
        }
        return false;
    }
}
