package dev.ringfence.runner.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostMemoryTest {
    @TempDir
    Path directory;

    @Test
    void memoryIsTheHostsUnlessAGroupAroundTheServiceHasLess() {
        var kernel = new KernelFiles(directory);
        assertThat(HostMemory.bytes(kernel.proc)).isEqualTo(1000 << 10);

        var root = directory.resolve("unified");
        kernel.write(kernel.proc.resolve("self/cgroup"), "0::/pod/service\n");
        kernel.write(kernel.proc.resolve("self/mountinfo"), "41 31 0:38 / " + root + " rw - cgroup2 cgroup2 rw\n");
        kernel.write(root.resolve("pod/service/memory.max"), "max\n");
        kernel.write(root.resolve("pod/memory.max"), "200000\n");
        assertThat(HostMemory.bytes(kernel.proc)).isEqualTo(200_000);

        kernel.write(root.resolve("pod/memory.max"), (1L << 40) + "\n");
        assertThat(HostMemory.bytes(kernel.proc)).isEqualTo(1000 << 10);
    }
}
