package dev.ringfence.runner.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuardTest {
    private static final GuardLimits LIMITS = new GuardLimits(80, 80, 90, 20, 90, 10, 0, 90);

    @TempDir
    Path directory;

    private KernelFiles kernel;
    private HostTelemetry telemetry;
    private Guard guard;

    @BeforeEach
    void open() {
        kernel = new KernelFiles(directory);
        kernel.pressure("cpu", 0, 0);
        kernel.pressure("memory", 0, 0);
        kernel.pressure("io", 0, 0);
        telemetry = kernel.open();
        guard = new Guard(LIMITS, true, telemetry::read);
    }

    private void memory(int percentInUse) {
        kernel.write(
                kernel.proc.resolve("meminfo"),
                "MemTotal: 1000 kB\nMemAvailable: " + (1000 - 10 * percentInUse) + " kB\n");
        kernel.later(Duration.ofSeconds(1));
    }

    private void assertClosed(String key, double reading, double limit) {
        assertThat(guard.check()).hasValueSatisfying(refusal -> {
            assertThat(refusal.key()).isEqualTo("ringfence.guard." + key);
            assertThat(refusal.reading()).isEqualTo(reading);
            assertThat(refusal.limit()).isEqualTo(limit);
            assertThat(refusal.retryAfter()).isPositive();
            assertThat(refusal.message()).contains("ringfence.guard." + key);
        });
        assertThat(guard.closed(key)).isTrue();
        assertThat(guard.json().path("open").booleanValue()).isFalse();
        assertThat(guard.json().path("reason").asText()).contains("ringfence.guard." + key);
    }

    @Test
    void aQuietHostLetsEveryoneIn() {
        assertThat(guard.check()).isEmpty();
        assertThat(guard.json().path("open").booleanValue()).isTrue();
    }

    @Test
    void itClosesBeyondTheLimitAndOpensOnlyWellBelowIt() {
        memory(80);
        assertThat(guard.check()).isEmpty();
        memory(81);
        assertClosed("memory", 81, 80);
        memory(73);
        assertClosed("memory", 73, 80);
        memory(72);
        assertThat(guard.check()).isEmpty();
        memory(79);
        assertThat(guard.check()).isEmpty();
    }

    /** It once read as a full one. */
    @Test
    void aDiskThatDoesNotTellItsRoomClosesNothing() {
        var blind = new HostTelemetry(
                kernel.proc,
                kernel.sys,
                directory.resolve("nowhere"),
                () -> Duration.ZERO,
                _ -> false,
                kernel.clock::get);
        guard = new Guard(new GuardLimits(80, 80, 90, 20, 90, 10, 1, 90), true, blind::read);

        assertThat(guard.check()).isEmpty();
        assertThat(guard.reading("disk-free")).isNaN();
        assertThat(blind.read().json().at("/disk").size()).isZero();
    }

    @Test
    void othersWorkClosesItAndTheServicesOwnDoesNot() {
        kernel.processors(900, 100);
        kernel.own(300, 300);
        kernel.later(Duration.ofSeconds(1));
        assertThat(guard.check()).isEmpty();

        kernel.processors(1800, 200);
        kernel.later(Duration.ofSeconds(1));
        assertThat(guard.check()).isEmpty();

        kernel.own(50, 0);
        kernel.later(Duration.ofSeconds(1));
        assertClosed("cpu", 87.5, 80);
    }

    @Test
    void pressureClosesIt() {
        kernel.pressure("memory", 99, 20.5);
        kernel.later(Duration.ofSeconds(1));
        assertClosed("pressure.memory", 20.5, 20);

        kernel.pressure("memory", 99, 0);
        kernel.pressure("cpu", 91, 0);
        kernel.later(Duration.ofSeconds(1));
        assertClosed("pressure.cpu", 91, 90);

        kernel.pressure("cpu", 0, 0);
        kernel.pressure("io", 99, 95);
        kernel.later(Duration.ofSeconds(1));
        assertClosed("pressure.io", 95, 90);
    }

    @Test
    void moreZombiesThanAllowedCloseIt() {
        for (int pid = 100; pid < 110; pid++) {
            kernel.process(pid, "Z");
        }
        kernel.later(Duration.ofMinutes(1));
        telemetry.sample();
        assertThat(guard.check()).isEmpty();

        kernel.process(110, "Z");
        kernel.later(Duration.ofMinutes(1));
        telemetry.sample();
        assertClosed("zombies", 11, 10);
    }

    @Test
    void aDiskWithTooLittleRoomClosesIt() {
        guard = new Guard(new GuardLimits(80, 80, 90, 20, 90, 10, Long.MAX_VALUE, 90), true, telemetry::read);

        assertThat(guard.check()).hasValueSatisfying(refusal -> {
            assertThat(refusal.key()).isEqualTo("ringfence.guard.disk-free");
            assertThat(refusal.message()).contains("no less than");
        });
    }

    @Test
    void whatTheKernelDoesNotTellClosesNothing() {
        kernel.write(kernel.proc.resolve("pressure/memory"), "");
        kernel.write(kernel.proc.resolve("meminfo"), "");
        kernel.later(Duration.ofSeconds(1));

        assertThat(guard.check()).isEmpty();
        assertThat(guard.reading("memory")).isNaN();
    }

    @Test
    void aGuardThatIsOffTellsAndLetsEveryoneIn() {
        guard = new Guard(LIMITS, false, telemetry::read);
        memory(99);

        assertThat(guard.check()).isEmpty();
        assertThat(guard.reading("memory")).isEqualTo(99);
        assertThat(guard.closed("memory")).isFalse();
    }

    @Test
    void aLimitThatCannotBeIsNamed() {
        assertThatThrownBy(() -> new GuardLimits(80, 101, 90, 20, 90, 10, 0, 90))
                .hasMessageContaining("memory is 101");
        assertThatThrownBy(() -> new GuardLimits(80, 80, 90, 20, 90, 10, 0, 0)).hasMessageContaining("resume is 0");
        assertThatThrownBy(() -> new GuardLimits(80, 80, 90, 20, 90, -1, 0, 90)).hasMessageContaining("zombies is -1");
    }
}
