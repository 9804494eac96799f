package dev.ringfence.runner.fence;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringfence.catalog.FenceTier;
import dev.ringfence.runner.fence.seccomp.Architecture;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TierCheckTest {
    /** A thread that acts as a job's user for a moment could be sent SIGKILL by that user, and the service ends with it. */
    @ParameterizedTest
    @CsvSource({"true, 5, false", "false, 5, false", "true, 6, true", "false, 6, true"})
    void landlockThatKeepsNoSignalsApartBuildsNoTierWhoeverTheServiceIs(boolean root, int version, boolean available) {
        var host = new Host(
                Optional.empty(),
                OptionalInt.of(version),
                Optional.empty(),
                Map.of(),
                root,
                0,
                root,
                Optional.of(Architecture.X86_64),
                1,
                Optional.empty(),
                Map.of(),
                Map.of(),
                new Gpus.Found(Path.of("/dev"), List.of(), List.of()),
                List.of());

        var status = new TierCheck(host)
                .run(tier -> Optional.empty()).stream()
                        .filter(each -> each.tier() == FenceTier.LANDLOCK)
                        .findFirst()
                        .orElseThrow();

        assertThat(status.available()).isEqualTo(available);
        if (!available) {
            assertThat(status.reason()).contains("version 5").contains("signals");
            assertThat(status.remedy()).contains("Linux 6.12");
        }
    }
}
