package dev.ringfence.runner.fence;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.catalog.FenceTier;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.catalog.SandboxProfile.GpuAccess;
import dev.ringfence.catalog.SandboxProfile.Resources;
import dev.ringfence.runner.process.OutputListener;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Lending GPUs: device nodes of other devices stand for them, under the names that GPUs have. */
@ParameterizedClass
@EnumSource(FenceTier.class)
class GpusTest {
    private static final Duration LONG = Duration.ofMinutes(2);

    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final FenceTier tier;

    @TempDir
    Path devices;

    private Path unit;

    GpusTest(FenceTier tier) {
        this.tier = tier;
    }

    @BeforeEach
    void make() throws IOException, InterruptedException {
        devices.toFile().setExecutable(true, false);
        // Another name in each run, since the lock is the whole host's.
        unit = node("nvidia" + ProcessHandle.current().pid() + NUMBER.incrementAndGet(), 5);
        node("nvidiactl", 3);
    }

    @Test
    void whoAsksForAGpuAloneGetsItAndNobodyElseDoesUntilItEnded() {
        try (var fence = fence();
                var other = fence()) {
            var plain = start(fence, new GpuAccess.None(), "head -c 3 " + shown(unit) + "; exit 0");
            assertThat(stdout(plain)).isEmpty();

            var first = start(fence, new GpuAccess.Exclusive(), "head -c 3 " + shown(unit) + " && sleep 60");
            for (var one : List.of(fence, other)) {
                assertThatThrownBy(() -> start(one, new GpuAccess.Exclusive(), "true"))
                        .isInstanceOf(FenceException.Refused.class)
                        .hasMessageContaining("in use");
            }
            first.stop();
            assertThat(stdout(first)).isIn("", "\0\0\0");

            var next = start(other, new GpuAccess.Exclusive(), "head -c 3 " + shown(unit));
            assertThat(stdout(next)).isEqualTo("\0\0\0");
        }
    }

    @Test
    void aShareOfAGpuIsRefusedSinceNothingLimitsItsMemory() {
        try (var fence = fence()) {
            assertThatThrownBy(() -> start(fence, new GpuAccess.Shared(DataSize.ofMegabytes(100)), "true"))
                    .isInstanceOfSatisfying(
                            FenceException.Refused.class,
                            refused -> assertThat(refused.field()).isEqualTo("resources.gpu_access"))
                    .hasMessageContaining("Exclusive");
        }
    }

    private HostFences fence() {
        return HostFences.on(OneTier.of(tier, "gpus" + ProcessHandle.current().pid()), Optional.empty(), devices);
    }

    /** In namespaces a job finds it where devices are. */
    private String shown(Path node) {
        return tier == FenceTier.NAMESPACES ? "/dev/" + node.getFileName() : node.toString();
    }

    private Path node(String name, int minor) throws IOException, InterruptedException {
        var path = devices.resolve(name);
        assertThat(new ProcessBuilder("mknod", "-m", "666", path.toString(), "c", "1", Integer.toString(minor))
                        .start()
                        .waitFor())
                .isZero();
        return path;
    }

    private static FencedProcess start(HostFences fence, GpuAccess gpu, String script) {
        var base = Profiles.shell();
        var asked = base.resources();
        var profile = new SandboxProfile(
                base.name(),
                new Resources(asked.maxMemory(), asked.maxCores(), asked.maxDisk(), gpu, 0),
                base.filesystem(),
                base.processLimits(),
                base.network(),
                base.security());
        return fence.start(
                new FencedCommand(
                        "gpu",
                        profile,
                        List.of("/bin/sh", "-c", script),
                        Map.of("PATH", "/usr/bin:/bin"),
                        new byte[0],
                        List.of(),
                        0,
                        LONG,
                        1000),
                OutputListener.NONE);
    }

    private static String stdout(FencedProcess process) {
        return new String(process.result().await().atMost(LONG).stdout().bytes(), UTF_8);
    }
}
