package dev.ringfence.runner.engine;

import static dev.ringfence.runner.engine.Asking.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.ringfence.catalog.Provider;
import dev.ringfence.catalog.RemoteAccess;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import dev.ringfence.runner.engine.GenerationResult.Answered;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Services that speak OpenAI's API, and not quite as OpenAI does. */
class OtherServicesTest {
    private static final String HELLO = "data: {\"error\":null,\"choices\":[{\"delta\":{\"content\":\"hello\"}}]}\n\n";
    private static final String END = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    private static final String USAGE =
            "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\n";
    private static final String DONE = "data: [DONE]\n\n";

    private final RemoteModels models = new RemoteModels();
    private final HttpServer server = listening();
    private final List<String> upgrades = new CopyOnWriteArrayList<>();
    private final List<Delta> deltas = new CopyOnWriteArrayList<>();
    private volatile String answer = "";

    private static HttpServer listening() {
        try {
            return HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @BeforeEach
    void start() {
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::serve);
        server.start();
    }

    @AfterEach
    void stop() {
        models.close();
        server.stop(0);
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            exchange.getRequestBody().readAllBytes();
            exchange.getRequestHeaders().getOrDefault("Upgrade", List.of()).forEach(upgrades::add);
            var bytes = answer.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    @Test
    void anAnswerWhoseTokensNobodyCountedIsWholeWithoutTheirNumbers() {
        var result = answerTo(HELLO + END + DONE);

        assertThat(result.finishReason()).isEqualTo("stop");
        assertThat(result.inputTokens()).isNull();
        assertThat(result.outputTokens()).isNull();
        assertThat(deltas).extracting(Delta::text).containsExactly("hello");
    }

    @Test
    void anAnswerThatSaidWhyItEndsIsWholeWhenTheServiceHangsUpWithoutAGoodbye() {
        var result = answerTo(HELLO + END + USAGE);

        assertThat(result.inputTokens()).isEqualTo(7);
        assertThat(result.outputTokens()).isEqualTo(2);
    }

    @Test
    void callsWithoutANumberAreToldApartByTheirIds() {
        answerTo(call("\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}")
                + call("\"function\":{\"arguments\":\"}\"}")
                + call("\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}")
                + call("\"index\":7,\"id\":\"c\",\"function\":{\"name\":\"h\",\"arguments\":\"{}\"}")
                + END
                + DONE);

        assertThat(deltas)
                .extracting(
                        delta -> delta.choice().at("/delta/tool_calls/0/index").asInt())
                .containsExactly(0, 0, 1, 7);
    }

    private static String call(String fields) {
        return "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{" + fields + "}]}}]}\n\n";
    }

    @Test
    void anotherVersionOfHttpIsNotAskedForWithoutTls() {
        answerTo(HELLO + END + DONE);

        assertThat(upgrades).isEmpty();
    }

    private Answered answerTo(String events) {
        answer = events;
        var url = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/v1");
        var access = new RemoteAccess(
                url, new RemoteAccess.ApiKey.None(), Duration.ofSeconds(5), Duration.ofSeconds(30), 0, 4);
        return (Answered) models.serve("m", new Provider.Custom(null, access), LIMIT)
                .generate(Asking.atZero("Say hello"), LIMIT, event -> deltas.add((Delta) event))
                .result()
                .await()
                .atMost(LIMIT);
    }
}
