package dev.ringfence.runner.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostTelemetryTest {
    @TempDir
    Path directory;

    private KernelFiles kernel;

    @BeforeEach
    void make() {
        kernel = new KernelFiles(directory);
    }

    private Telemetry after(HostTelemetry telemetry, Duration time) {
        kernel.later(time);
        return telemetry.read();
    }

    @Test
    void theProcessorsSharesAreThoseSinceTheOldestSample() {
        var telemetry = kernel.open();
        kernel.processors(300, 700);
        kernel.own(100, 50);
        kernel.jobs.set(Duration.ofMillis(500));

        var processors = after(telemetry, Duration.ofSeconds(10)).processors();

        assertThat(processors.count()).isEqualTo(4);
        assertThat(processors.used()).isEqualTo(OptionalDouble.of(30));
        // 300 of 1000 ticks were busy; 100 + 50 were the service's and its children's, 50 the running jobs'.
        assertThat(processors.others()).isEqualTo(OptionalDouble.of(10));
        assertThat(processors.over()).isEqualTo(Duration.ofSeconds(10));
    }

    @Test
    void whatIsLongAgoDoesNotCountAnyMore() {
        var telemetry = kernel.open();
        kernel.processors(4000, 0);
        for (int i = 0; i < 40; i++) {
            kernel.later(Duration.ofSeconds(1));
            kernel.processors(4000, i * 400L);
            telemetry.sample();
        }

        var processors = after(telemetry, Duration.ofSeconds(1)).processors();

        assertThat(processors.used()).isEqualTo(OptionalDouble.of(0));
        assertThat(processors.over()).isBetween(Duration.ofSeconds(30), Duration.ofSeconds(32));
    }

    @Test
    void aReadingIsUsedForATenthOfASecond() {
        var telemetry = kernel.open();
        assertThat(telemetry.read().load().one()).isEqualTo(OptionalDouble.of(0.5));
        kernel.write(kernel.proc.resolve("loadavg"), "9.00 1.25 2.00 3/456 789\n");

        assertThat(after(telemetry, Duration.ofMillis(99)).load().one()).isEqualTo(OptionalDouble.of(0.5));
        assertThat(after(telemetry, Duration.ofMillis(2)).load().one()).isEqualTo(OptionalDouble.of(9));
    }

    @Test
    void memoryIsTheHostsAsLongAsNoControlGroupLimitsIt() {
        var memory = kernel.open().read().memory();

        assertThat(memory.total()).isEqualTo(OptionalLong.of(1000 << 10));
        assertThat(memory.available()).isEqualTo(OptionalLong.of(600 << 10));
        assertThat(memory.used()).isEqualTo(OptionalDouble.of(40));
        assertThat(memory.limit()).isEmpty();
    }

    @Test
    void aLimitOfAControlGroupOfVersion2CountsAlsoFromFurtherUp() {
        var root = directory.resolve("unified");
        kernel.write(kernel.proc.resolve("self/cgroup"), "0::/pod/service\n");
        kernel.write(
                kernel.proc.resolve("self/mountinfo"),
                "24 1 0:5 / /proc rw - proc proc rw\n41 31 0:38 / " + root + " rw - cgroup2 cgroup2 rw\n");
        kernel.write(root.resolve("pod/service/memory.max"), "max\n");
        kernel.write(root.resolve("pod/service/memory.current"), "1000\n");
        kernel.write(root.resolve("pod/memory.max"), "200000\n");
        kernel.write(root.resolve("pod/memory.current"), "190000\n");
        kernel.write(root.resolve("pod/memory.stat"), "anon 5\ninactive_file 10000\n");

        var memory = kernel.open().read().memory();

        assertThat(memory.limit()).contains(new Telemetry.GroupMemory(200_000, 180_000));
        assertThat(memory.used()).isEqualTo(OptionalDouble.of(90));
    }

    @Test
    void aLimitOfAControlGroupOfVersion1CountsAlsoWhereOnlyTheGroupIsMounted() {
        var point = directory.resolve("memory");
        kernel.write(kernel.proc.resolve("self/cgroup"), "8:pids:/x\n4:memory:/docker/abc\n0::/\n");
        kernel.write(
                kernel.proc.resolve("self/mountinfo"),
                "35 31 0:32 /docker/abc " + point + " rw - cgroup cgroup rw,memory\n");
        kernel.write(point.resolve("memory.limit_in_bytes"), "100000\n");
        kernel.write(point.resolve("memory.usage_in_bytes"), "80000\n");
        kernel.write(point.resolve("memory.stat"), "inactive_file 1\ntotal_inactive_file 30000\n");

        assertThat(kernel.open().read().memory().limit()).contains(new Telemetry.GroupMemory(100_000, 50_000));

        kernel.write(point.resolve("memory.limit_in_bytes"), "9223372036854771712\n");
        assertThat(kernel.open().read().memory().limit()).isEmpty();
    }

    @Test
    void pressureIsTheHostsOrTheServicesOwnWhicheverIsHigher() {
        kernel.pressure("memory", 3.5, 1.25);
        kernel.write(kernel.proc.resolve("self/cgroup"), "0::/service\n");
        var root = directory.resolve("unified");
        kernel.write(kernel.proc.resolve("self/mountinfo"), "41 31 0:38 / " + root + " rw - cgroup2 cgroup2 rw\n");
        kernel.write(root.resolve("service/memory.pressure"), KernelFiles.pressureText(2, 8));

        var host = kernel.open().read();

        assertThat(host.memoryPressure().some10()).isEqualTo(OptionalDouble.of(3.5));
        assertThat(host.memoryPressure().full10()).isEqualTo(OptionalDouble.of(8));
        assertThat(host.memoryPressure().full60()).isEqualTo(OptionalDouble.of(2));
        assertThat(host.ioPressure().some10()).isEmpty();
    }

    @Test
    void processesAreCountedByTheirState() {
        kernel.process(10, "S");
        kernel.process(11, "R");
        kernel.process(12, "Z");
        kernel.process(13, "Z");
        var telemetry = kernel.open();
        kernel.process(14, "Z");

        assertThat(telemetry.read().processes().zombies()).isEqualTo(2);
        assertThat(telemetry.read().processes().running()).isEqualTo(1);
        assertThat(telemetry.read().processes().total()).isEqualTo(4);
        kernel.later(Duration.ofMinutes(1));
        telemetry.sample();
        assertThat(after(telemetry, Duration.ofSeconds(1)).processes().zombies())
                .isEqualTo(3);
    }

    @Test
    void acceleratorsAreReadWhereDriversShowThem() {
        var card = kernel.sys.resolve("class/drm/card0/device");
        kernel.write(card.resolve("vendor"), "0x1002\n");
        kernel.write(card.resolve("device"), "0x73bf\n");
        kernel.write(card.resolve("mem_info_vram_total"), "17163091968\n");
        kernel.write(card.resolve("mem_info_vram_used"), "12345\n");
        kernel.write(card.resolve("gpu_busy_percent"), "7\n");
        kernel.write(kernel.sys.resolve("class/drm/card0-HDMI-A-1/device/vendor"), "0x1002\n");
        kernel.write(
                kernel.proc.resolve("driver/nvidia/gpus/0000:01:00.0/information"),
                "Model: \t\t NVIDIA A100\nIRQ:   1\n");

        assertThat(kernel.open().read().accelerators())
                .containsExactly(
                        new Telemetry.Accelerator(
                                "nvidia 0000:01:00.0",
                                "NVIDIA A100",
                                OptionalLong.empty(),
                                OptionalLong.empty(),
                                OptionalDouble.empty()),
                        new Telemetry.Accelerator(
                                "card0",
                                "0x1002:0x73bf",
                                OptionalLong.of(17163091968L),
                                OptionalLong.of(12345),
                                OptionalDouble.of(7)));
    }

    @Test
    void whatAKernelDoesNotTellIsLeftOut() {
        var empty = new HostTelemetry(
                        directory.resolve("nothing"),
                        directory.resolve("nothing"),
                        directory,
                        () -> Duration.ZERO,
                        _ -> false,
                        kernel.clock::get)
                .read()
                .json();

        assertThat(empty.at("/processors/used_percent").isMissingNode()).isTrue();
        assertThat(empty.at("/memory").size()).isZero();
        assertThat(empty.at("/pressure").size()).isZero();
        assertThat(empty.at("/disk/free_bytes").asLong()).isPositive();
    }

    @Test
    void thisHostIsReadWhole() {
        try (var telemetry = HostTelemetry.on(directory, () -> Duration.ZERO)) {
            var json = telemetry.read().json();

            assertThat(json.at("/memory/total_bytes").asLong()).isPositive();
            assertThat(json.at("/memory/used_percent").asDouble()).isBetween(0.1, 100.0);
            assertThat(json.at("/load/1m").isNumber()).isTrue();
            assertThat(json.at("/processes/total").asInt()).isPositive();
            assertThat(json.at("/processors/count").asInt()).isPositive();
        }
    }
}
