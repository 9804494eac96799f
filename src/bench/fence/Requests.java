package fence;

import dev.ringfence.runner.process.ProcessRequest;
import dev.ringfence.runner.process.ProgramInput;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Programs without a fence. */
final class Requests {
    private Requests() {}

    static ProcessRequest of(String program) {
        return new ProcessRequest(
                "bench",
                Path.of(program),
                List.of(program),
                Map.of(),
                Path.of("/"),
                ProgramInput.NONE,
                List.of(),
                false,
                Duration.ofMinutes(1),
                Duration.ofSeconds(1),
                1 << 16,
                Optional.empty());
    }
}
