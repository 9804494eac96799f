package dev.ringfence.api.webhook;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringfence.runner.fence.egress.Resolver;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class PostTest {
    @Test
    @Timeout(120)
    void aNameServerThatDoesNotAnswerTakesNoLongerThanTheTimeout() {
        var never = new CountDownLatch(1);
        Resolver.Lookup stuck = name -> {
            try {
                never.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            throw new UnknownHostException(name);
        };
        try (var clock = Executors.newSingleThreadScheduledExecutor();
                var resolver = new Resolver(stuck)) {
            assertThatThrownBy(() -> new Post(Duration.ofMillis(100), clock, resolver)
                            .send(endpoint("hooks.example"), "msg_1", "{}"))
                    .isInstanceOf(Post.Failed.class)
                    .hasMessage("hooks.example could not be resolved in time");
        }
    }

    private static Endpoint endpoint(String host) {
        return new Endpoint(
                "ops",
                URI.create("https://" + host + "/hook"),
                List.of(Secret.of("whsec_" + Base64.getEncoder().encodeToString(new byte[32]))),
                Optional.empty(),
                false,
                false);
    }
}
