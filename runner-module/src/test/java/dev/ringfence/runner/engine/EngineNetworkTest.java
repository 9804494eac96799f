package dev.ringfence.runner.engine;

import static dev.ringfence.runner.engine.Asking.LIMIT;
import static dev.ringfence.runner.engine.Asking.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.ringfence.catalog.FenceTier;
import dev.ringfence.catalog.SandboxProfile.Network;
import dev.ringfence.catalog.SandboxProfile.NetworkAccess;
import dev.ringfence.runner.engine.GenerationResult.Answered;
import dev.ringfence.runner.fence.FenceReport;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Engines of a profile that has a network. */
class EngineNetworkTest {
    @ParameterizedTest
    @EnumSource(FenceTier.class)
    void anEngineHasNoNetworkWhateverItsProfileSays(FenceTier tier) {
        var settings = LlamaForTests.settings();
        var model = LlamaForTests.model(
                "open",
                LlamaForTests.modelFile(),
                LlamaForTests.profile(new Network(NetworkAccess.FULL, List.of(), 0)));
        try (var fence = LlamaForTests.fence(Optional.of(tier));
                var pool = new LlamaServerPool(settings, fence)) {
            var generation = ask(pool, model, "Say hello", piece -> {});

            assertThat(generation.result().await().atMost(LIMIT)).isInstanceOf(Answered.class);
            assertThat(generation.engine().orElseThrow().fence().entries())
                    .filteredOn(entry -> entry.field().equals("network.access_mode"))
                    .extracting(FenceReport.Entry::asked, FenceReport.Entry::value)
                    .containsExactly(tuple("None", "none"));
        }
    }
}
