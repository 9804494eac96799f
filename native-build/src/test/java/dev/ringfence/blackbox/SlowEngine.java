package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;

/**
 * Holds the engine of the model {@code tiny} up, so that its answers last: stopped for most of the time and let run for a
 * moment again and again. Else such a small model may have answered before a client gets round to going away.
 */
final class SlowEngine implements AutoCloseable {
    private static final String STOP_AND_GO = """
            trap 'kill -CONT "$1" 2>/dev/null; exit' TERM
            while kill -STOP "$1"; do
                sleep 0.1
                kill -CONT "$1" || exit
                sleep 0.002
            done 2>/dev/null
            """;

    private final Process holding;

    private SlowEngine(Process holding) {
        this.holding = holding;
    }

    /** The engine has to be ready, which a short answer sees to. */
    static SlowEngine of(RunningService service) {
        var ready = service.api().post("/api/v1/jobs", Api.generate("Say hello", 1), "Prefer", "wait=60");
        assertThat(Api.json(ready.body()).path("state").asText())
                .as(ready.body())
                .isEqualTo("completed");
        var process = process(service).map(ProcessHandle::pid).orElseThrow();
        try {
            return new SlowEngine(
                    new ProcessBuilder(List.of("sh", "-c", STOP_AND_GO, "slow-engine", Long.toString(process)))
                            .start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the service tells of the engine. */
    static JsonNode state(RunningService service) {
        for (var model : Api.json(service.api().get("/api/v1/models").body()).path("models")) {
            if (model.path("id").asText().equals("tiny")) {
                return model.path("engine");
            }
        }
        throw new AssertionError("the model is gone");
    }

    /** The engine's own process, which in a fence with namespaces is the innermost one. */
    static Optional<ProcessHandle> process(RunningService service) {
        return ProcessHandle.of(state(service).path("pid").asLong())
                .map(outer -> outer.descendants()
                        .filter(inner -> inner.children().findAny().isEmpty())
                        .findFirst()
                        .orElse(outer));
    }

    @Override
    public void close() {
        holding.destroy();
        holding.onExit().join();
    }
}
