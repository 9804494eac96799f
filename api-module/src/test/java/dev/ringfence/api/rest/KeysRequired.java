package dev.ringfence.api.rest;

import dev.ringfence.api.access.KeyStore;
import io.quarkus.test.junit.QuarkusTestProfile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.RsaJsonWebKey;
import org.jose4j.jwk.RsaJwkGenerator;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.NumericDate;
import org.jose4j.lang.JoseException;

/** The service with keys of two agents and an operator, and an identity provider whose keys lie in a file. */
public class KeysRequired implements QuarkusTestProfile {
    static final String ISSUER = "https://identity.example";
    static final String AUDIENCE = "ringfence";

    /** A secret as webhooks have them. */
    static final String HIDDEN = "ZG9Ob3RTaG93VGhpc1NlY3JldFRvQW55Ym9keUF0QWxs";

    @Override
    public Map<String, String> getConfigOverrides() {
        return Map.of(
                "ringfence.catalog",
                "src/test/resources/granted.toml",
                "ringfence.access.keys",
                Secrets.STORE.file().toString(),
                "ringfence.access.oidc.jwks",
                Secrets.DIRECTORY.resolve("jwks.json").toUri().toString(),
                "ringfence.access.oidc.issuer",
                ISSUER,
                "ringfence.access.oidc.audience",
                AUDIENCE,
                // No job of the tests names it; what is configured is not shown.
                "ringfence.webhooks.endpoints.ops.url",
                "https://hooks.example/" + HIDDEN,
                "ringfence.webhooks.endpoints.ops.secret",
                "whsec_" + HIDDEN);
    }

    /** What the tests present. */
    static final class Secrets {
        /** Made once in a process: the profile and the tests have class loaders of their own. */
        static final Path DIRECTORY = Path.of(System.getProperties()
                .computeIfAbsent("access.test.directory", _ -> make())
                .toString());

        static final KeyStore STORE = new KeyStore(DIRECTORY.resolve("keys.json"));
        static final String BUILDER = read("builder");
        static final String OTHER = read("other");
        static final String ADMIN = read("admin");
        static final RsaJsonWebKey PROVIDER = provider();

        private Secrets() {}

        private static String make() {
            try {
                Files.createDirectories(Path.of("target"));
                var directory =
                        Files.createTempDirectory(Path.of("target"), "access").toAbsolutePath();
                var keys = new KeyStore(directory.resolve("keys.json"));
                for (var agent : List.of("builder", "other", "admin")) {
                    Files.writeString(
                            directory.resolve(agent),
                            keys.create(agent, agent.equals("admin"), Optional.empty(), "")
                                    .secret());
                }
                var provider = rsa("provider");
                Files.writeString(
                        directory.resolve("provider"), provider.toJson(JsonWebKey.OutputControlLevel.INCLUDE_PRIVATE));
                Files.writeString(
                        directory.resolve("jwks.json"),
                        new JsonWebKeySet(List.<JsonWebKey>of(provider))
                                .toJson(JsonWebKey.OutputControlLevel.PUBLIC_ONLY));
                return directory.toString();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private static String read(String name) {
            try {
                return Files.readString(DIRECTORY.resolve(name));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private static RsaJsonWebKey provider() {
            try {
                return (RsaJsonWebKey) JsonWebKey.Factory.newJwk(read("provider"));
            } catch (JoseException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    static RsaJsonWebKey rsa(String id) {
        try {
            var key = RsaJwkGenerator.generateJwk(2048);
            key.setKeyId(id);
            return key;
        } catch (JoseException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A token that holds, unless one of its claims is changed. */
    static JwtClaims claims(String agent) {
        var claims = new JwtClaims();
        claims.setIssuer(ISSUER);
        claims.setAudience(AUDIENCE);
        claims.setSubject(agent);
        claims.setIssuedAtToNow();
        claims.setExpirationTime(NumericDate.fromSeconds(Instant.now().getEpochSecond() + 600));
        return claims;
    }

    static String token(JwtClaims claims, RsaJsonWebKey key) {
        try {
            var signature = new JsonWebSignature();
            signature.setPayload(claims.toJson());
            signature.setAlgorithmHeaderValue("RS256");
            signature.setKeyIdHeaderValue("provider");
            signature.setHeader("typ", "JWT");
            signature.setKey(key.getRsaPrivateKey());
            return signature.getCompactSerialization();
        } catch (JoseException e) {
            throw new IllegalStateException(e);
        }
    }
}
