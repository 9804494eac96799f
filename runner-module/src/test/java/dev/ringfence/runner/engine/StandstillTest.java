package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ringfence.runner.engine.GenerationResult.Answered;
import dev.ringfence.runner.fence.FencedCommand;
import dev.ringfence.runner.fence.FencedProcess;
import dev.ringfence.runner.fence.HostFences;
import dev.ringfence.runner.process.OutputListener;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A request can keep the one thread busy that all slots of a real engine wait for; a signal does the same. */
class StandstillTest {
    /** The model's token for it. */
    private static final int OPENING_BRACKET = 94;

    private final List<FencedProcess> started = new CopyOnWriteArrayList<>();
    private HostFences fence;
    private LlamaServerPool pool;

    @BeforeEach
    void open() {
        fence = LlamaForTests.fence();
        // The next engine has as long, too, and the host may be busy.
        var settings =
                LlamaForTests.settings().withStepTimeout(Duration.ofSeconds(10)).withSlots(1, 8);
        pool = new LlamaServerPool(settings, this::start);
    }

    @AfterEach
    void close() {
        if (pool != null) {
            pool.close();
        }
        fence.close();
    }

    @Test
    void anEngineThatStandsStillIsStoppedAndWhoWaitsGoesOnWithTheNext() throws Exception {
        // Given
        standingStill();
        var asked = ask("Count to 100");
        awaitItsTurn(asked);
        var waits = ask("Say hello");

        // Then
        assertThatThrownBy(() -> asked.result().await().atMost(Asking.LIMIT))
                .isInstanceOfSatisfying(EngineException.Crashed.class, crash -> {
                    assertThat(crash).hasMessageContaining("ringfence.engines.step-timeout");
                    assertThat(crash.retryAfter()).isZero();
                });
        assertThat(waits.result().await().atMost(Asking.LIMIT)).isInstanceOf(Answered.class);
        assertThat(started).hasSize(2);
    }

    /** Each bracket doubles the ways to go on, and there is no end to them. */
    @Test
    void aSchemaThatWouldKeepTheEngineBusyForEverDoesNotReachIt() throws Exception {
        // Given
        var request = Asking.atZero("hello");
        request.body().putArray("logit_bias").addArray().add(OPENING_BRACKET).add(100);
        var list = "{'type':'array','items':{'$ref':'#/$defs/n'},'minItems':1}";
        request.body()
                .putObject("response_format")
                .put("type", "json_schema")
                .putObject("json_schema")
                .put("name", "n")
                .set("schema", new ObjectMapper().readTree("""
                        {'$ref':'#/$defs/n','$defs':{'n':{'anyOf':[%s,%s]}}}""".formatted(list, list)
                                .replace('\'', '"')));
        var asked = Asking.ask(pool, LlamaForTests.model(), request, Asking.LIMIT, _ -> {});

        // Then
        assertThat(asked.result().await().atMost(Asking.LIMIT)).isInstanceOf(Answered.class);
        assertThat(started).hasSize(1);
    }

    @Test
    void theSlotOfOneWhoHungUpIsGivenToTheNextOnlyOnceTheEngineIsDoneWithIt() throws Exception {
        // Given
        standingStill();
        var asked = ask("Count to 100");
        awaitItsTurn(asked);

        // When
        asked.cancel();

        // Then
        assertThat(asked.result().await().atMost(Asking.LIMIT)).isInstanceOf(GenerationResult.Cancelled.class);
        assertThat(ask("Say hello").result().await().atMost(Asking.LIMIT)).isInstanceOf(Answered.class);
        assertThat(started).hasSize(2);
    }

    private void standingStill() throws IOException, InterruptedException {
        assertThat(ask("Say hello").result().await().atMost(Asking.LIMIT)).isInstanceOf(Answered.class);
        // In namespaces the engine is not the first process of its fence.
        var first = ProcessHandle.of(started.getLast().pid()).orElseThrow();
        var all = Stream.concat(Stream.of(first), first.descendants())
                .map(process -> String.valueOf(process.pid()))
                .collect(Collectors.joining(" "));
        assertThat(new ProcessBuilder("sh", "-c", "kill -STOP " + all).start().waitFor())
                .isZero();
    }

    /** Having had a turn is for good; being busy ends when the engine is stopped. */
    private static void awaitItsTurn(Generation asked) {
        await().atMost(Asking.LIMIT).until(() -> asked.engine().isPresent());
    }

    private Generation ask(String prompt) {
        return Asking.ask(pool, LlamaForTests.model(), prompt, _ -> {});
    }

    private FencedProcess start(FencedCommand command, OutputListener listener) {
        var process = fence.start(command, listener);
        started.add(process);
        return process;
    }
}
