package dev.ringfence.api.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringfence.api.access.Access;
import dev.ringfence.api.access.AccessException;
import dev.ringfence.api.access.Caller;
import dev.ringfence.api.access.IdentityProvider;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jose4j.jwt.JwtClaims;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who a token names is said by other claims than the usual ones, where that is configured. */
class TokenClaimsTest {
    @TempDir
    Path directory;

    private Caller caller(JwtClaims claims) {
        var provider = new IdentityProvider(
                KeysRequired.Secrets.DIRECTORY.resolve("jwks.json").toUri().toString(),
                KeysRequired.ISSUER,
                KeysRequired.AUDIENCE,
                "client_id",
                "fence-keepers");
        return Access.of(directory.resolve("keys.json"), Optional.of(provider))
                .caller(Optional.of("Bearer " + KeysRequired.token(claims, KeysRequired.Secrets.PROVIDER)))
                .await()
                .atMost(Duration.ofMinutes(2));
    }

    @Test
    void theConfiguredClaimNamesTheAgentAndTheConfiguredGroupTheAdministrators() {
        var claims = KeysRequired.claims("not this");
        claims.setClaim("client_id", "builder");
        claims.setStringListClaim("groups", List.of("ringfence-admin"));
        assertThat(caller(claims)).isEqualTo(new Caller(Optional.of("builder"), false, Optional.of("token:builder")));

        claims.setStringListClaim("groups", List.of("fence-keepers"));
        assertThat(caller(claims).admin()).isTrue();
    }

    @Test
    void aTokenWithoutTheConfiguredClaimIsRefusedWithItsName() {
        assertThatThrownBy(() -> caller(KeysRequired.claims("builder")))
                .isInstanceOf(AccessException.Unauthenticated.class)
                .hasMessageContaining("client_id");
    }
}
