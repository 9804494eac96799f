package dev.ringfence.runner.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelFileTest {
    @Test
    void aFileThatTellsNoSizeIsReadWhole() throws IOException {
        var limits = KernelFile.read(Path.of("/proc/self/limits"));

        assertThat(limits).startsWith("Limit ").contains("Max realtime timeout").endsWith("\n");
    }

    /** Where a reading that begins with a single byte gets no more than that. */
    @Test
    void aSettingOfSeveralDigitsIsReadWhole() throws IOException {
        assertThat(KernelFile.read(Path.of("/proc/sys/kernel/pid_max"))).matches("\\d{3,}\\n");
    }

    @Test
    void aFileOfAnyLengthIsReadByteByByte(@TempDir Path directory) throws IOException {
        for (int length : new int[] {0, 1, 4095, 4096, 4097, 8192, 100_000}) {
            var content = new byte[length];
            new Random(length).nextBytes(content);
            var file = Files.write(directory.resolve("file"), content);

            assertThat(KernelFile.read(file).getBytes(StandardCharsets.ISO_8859_1))
                    .isEqualTo(content);
        }
    }

    @Test
    void aFileThatIsNotThereIsNamed() {
        var missing = Path.of("/proc/self/nothing-of-that-name");

        assertThatThrownBy(() -> KernelFile.read(missing))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessage(missing.toString());
        assertThatThrownBy(() -> KernelFile.write(missing, "1")).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void aValueThatTheKernelRefusesIsToldWithItsReason() {
        assertThatThrownBy(() -> KernelFile.write(Path.of("/proc/self/oom_score_adj"), "no number"))
                .isInstanceOf(IOException.class)
                .hasMessage("/proc/self/oom_score_adj: write failed: invalid argument (EINVAL)");
    }

    @Test
    void aValueIsHandedOver() throws IOException {
        var file = Path.of("/proc/self/coredump_filter");
        var before = KernelFile.read(file).strip();
        try {
            KernelFile.write(file, "0x23");
            assertThat(KernelFile.read(file).strip()).isEqualTo("00000023");
        } finally {
            KernelFile.write(file, "0x" + before);
        }
    }
}
