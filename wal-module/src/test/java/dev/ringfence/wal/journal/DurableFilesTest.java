package dev.ringfence.wal.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringfence.wal.log.MemoryDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DurableFilesTest {
    private static final byte[] OLD = {1, 2, 3};
    private static final byte[] NEW = {4, 5, 6, 7};

    private final MemoryDisk disk = new MemoryDisk();
    private final DurableFiles files = new DurableFiles(disk);

    @Test
    void whatWasWrittenIsThereWholeAfterAPowerLossThatTakesAllThatWasNotSynced() throws IOException {
        files.write(MemoryDisk.ROOT.resolve("file"), ByteBuffer.wrap(OLD));
        files.write(MemoryDisk.ROOT.resolve("file"), ByteBuffer.wrap(NEW));

        assertThat(content(disk.afterPowerLoss(new Random(1), 0))).isEqualTo(NEW);
    }

    /** Of a file that cannot be made durable, the one before it stays, whatever of the new one reaches the disk. */
    @Test
    void theFileBeforeStaysWhenTheNewOneCannotBeSynced() throws IOException {
        files.write(MemoryDisk.ROOT.resolve("file"), ByteBuffer.wrap(OLD));
        disk.breakWith((operation, _) -> {
            if (operation == MemoryDisk.Operation.SYNC) {
                throw new IOException("no sync");
            }
        });

        assertThatThrownBy(() -> files.write(MemoryDisk.ROOT.resolve("file"), ByteBuffer.wrap(NEW)))
                .hasMessage("no sync");
        for (int seed = 0; seed < 100; seed++) {
            assertThat(content(disk.afterPowerLoss(new Random(seed), 0.5))).isEqualTo(OLD);
        }
    }

    private static byte[] content(MemoryDisk left) throws IOException {
        var bytes = new DurableFiles(left).read(MemoryDisk.ROOT.resolve("file"));
        var content = new byte[bytes.remaining()];
        bytes.get(content);
        return content;
    }
}
