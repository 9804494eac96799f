package dev.ringfence.api.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;

import com.sun.net.httpserver.HttpServer;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.helpers.test.UniAssertSubscriber;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.RsaJsonWebKey;
import org.jose4j.jwk.RsaJwkGenerator;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.NumericDate;
import org.jose4j.lang.JoseException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tokens against a provider that does what it likes. */
class TokenVerifierTest {
    private static final RsaJsonWebKey FIRST = rsa("first");
    private static final Duration LONG = Duration.ofMinutes(2);

    private final AtomicInteger fetches = new AtomicInteger();
    private final CountDownLatch mayAnswer = new CountDownLatch(1);
    private volatile boolean holdsBack;
    private volatile int status = 200;
    private volatile String published = published(FIRST);
    private HttpServer provider;
    private TokenVerifier verifier;

    @BeforeEach
    void start() throws IOException {
        provider = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        provider.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        provider.createContext("/keys", exchange -> {
            fetches.incrementAndGet();
            if (holdsBack) {
                try {
                    mayAnswer.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            var body = published.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        provider.start();
        verifier = verifier(Duration.ofHours(1));
    }

    private TokenVerifier verifier(Duration pause) {
        return new TokenVerifier(
                new IdentityProvider(
                        "http://127.0.0.1:" + provider.getAddress().getPort() + "/keys",
                        "https://identity.example",
                        "ringfence",
                        "sub",
                        "admin"),
                pause);
    }

    @AfterEach
    void stop() {
        mayAnswer.countDown();
        provider.stop(0);
    }

    @Test
    void aProviderThatDoesNotAnswerIsAskedOnceForAllAndLeftAloneForAWhile() {
        holdsBack = true;
        var token = token(FIRST);

        var waiting = IntStream.range(0, 300)
                .mapToObj(_ -> subscribed(verifier.verify(token)))
                .toList();

        // So many may wait, and the others know at once.
        assertThat(waiting.stream().filter(one -> one.getFailure() != null)).hasSize(300 - 256);
        waiting.forEach(one -> assertThat(one.awaitFailure(LONG).getFailure())
                .isInstanceOfSatisfying(
                        AccessException.Unavailable.class,
                        e -> assertThat(e.retryAfter()).isPositive()));
        assertThat(subscribed(verifier.verify(token)).getFailure())
                .isInstanceOf(AccessException.Unavailable.class)
                .hasMessageContaining("cannot be had");
        assertThat(fetches).hasValue(1);
    }

    @Test
    void allWhoWaitedAreToldWhenTheProviderAnswersAfterAll() {
        holdsBack = true;
        var token = token(FIRST);
        var waiting = IntStream.range(0, 200)
                .mapToObj(_ -> subscribed(verifier.verify(token)))
                .toList();
        await().untilAtomic(fetches, equalTo(1));
        mayAnswer.countDown();

        waiting.forEach(one -> assertThat(one.awaitItem(LONG).getItem().agent()).contains("builder"));
        assertThat(fetches).hasValue(1);
    }

    @Test
    void aKeyThatIsUnknownHasTheKeysFetchedOnceMoreAndTheOthersHoldMeanwhile() {
        var second = rsa("second");
        verifier = verifier(Duration.ZERO);
        assertThat(verifier.verify(token(FIRST)).await().atMost(LONG).agent()).contains("builder");
        published = published(FIRST, second);
        holdsBack = true;

        var unknown = subscribed(verifier.verify(token(second)));

        await().untilAtomic(fetches, equalTo(2));
        assertThat(verifier.verify(token(FIRST)).await().atMost(LONG).agent()).contains("builder");
        mayAnswer.countDown();
        assertThat(unknown.awaitItem(LONG).getItem().agent()).contains("builder");
    }

    @Test
    void keysThatNobodyHasDoNotHaveTheKeysFetchedAgainAndAgain() {
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() ->
                            verifier.verify(token(rsa("nobody's"))).await().atMost(LONG))
                    .isInstanceOf(AccessException.Unauthenticated.class);
        }

        assertThat(fetches).hasValue(1);
    }

    @Test
    void whatIsNoKeysIsAsIfTheyCouldNotBeHad() {
        published = "<html>please log in</html>";

        assertThatThrownBy(() -> verifier.verify(token(FIRST)).await().atMost(LONG))
                .isInstanceOf(AccessException.Unavailable.class);
    }

    @Test
    void anAnswerThatIsNotGoodIsAsIfTheyCouldNotBeHad() {
        status = 500;

        assertThatThrownBy(() -> verifier.verify(token(FIRST)).await().atMost(LONG))
                .isInstanceOf(AccessException.Unavailable.class);
    }

    private static UniAssertSubscriber<Caller> subscribed(Uni<Caller> caller) {
        return caller.subscribe().withSubscriber(UniAssertSubscriber.create());
    }

    private static RsaJsonWebKey rsa(String id) {
        try {
            var key = RsaJwkGenerator.generateJwk(2048);
            key.setKeyId(id);
            return key;
        } catch (JoseException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String published(RsaJsonWebKey... keys) {
        return new JsonWebKeySet(List.<JsonWebKey>of(keys)).toJson(JsonWebKey.OutputControlLevel.PUBLIC_ONLY);
    }

    private static String token(RsaJsonWebKey key) {
        try {
            var claims = new JwtClaims();
            claims.setIssuer("https://identity.example");
            claims.setAudience("ringfence");
            claims.setSubject("builder");
            claims.setIssuedAtToNow();
            claims.setExpirationTime(NumericDate.fromSeconds(Instant.now().getEpochSecond() + 600));
            var signature = new JsonWebSignature();
            signature.setPayload(claims.toJson());
            signature.setAlgorithmHeaderValue("RS256");
            signature.setKeyIdHeaderValue(key.getKeyId());
            signature.setKey(key.getRsaPrivateKey());
            return signature.getCompactSerialization();
        } catch (JoseException e) {
            throw new IllegalStateException(e);
        }
    }
}
