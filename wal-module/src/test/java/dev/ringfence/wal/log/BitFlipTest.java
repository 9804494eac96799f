package dev.ringfence.wal.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class BitFlipTest {
    private static final int SEGMENTS = 4;

    private final MemoryDisk disk = new MemoryDisk();
    private final List<String> texts = new ArrayList<>();
    private Map<Path, byte[]> intact = Map.of();

    @BeforeEach
    void writeSegments() {
        try (var log = Logs.open(Simulation.DIRECTORY, disk)) {
            for (int i = 0; last() < SEGMENTS || i % 5 > 0; i++) {
                var text = "record " + i + "z".repeat(i * 37 % 500);
                texts.add(text);
                Logs.append(log, text);
            }
        }
        intact = disk.content();
    }

    @Test
    void aRecordWithAnyBitFlippedIsNeverPassedOnFromTheEnd() throws IOException {
        var file = Logs.segment(Simulation.DIRECTORY, SEGMENTS);
        var content = intact(file);
        var offsets = Logs.offsets(content);
        var start = offsets.get(offsets.size() - 2);
        for (int bit = 8 * start; bit < 8 * offsets.getLast(); bit++) {
            flip(file, bit);
            assertThat(recover()).as("bit %d", bit).isEqualTo(texts.subList(0, texts.size() - 1));
        }
    }

    @Test
    void aFlippedBitInTheMiddleStopsTheRecoveryAndChangesNothing() throws IOException {
        var luck = new Random(4);
        var files = intact.keySet().stream().sorted().toList();
        var end = Logs.offsets(intact(files.getLast()));
        for (int i = 0; i < 10_000; i++) {
            var file = files.get(luck.nextInt(files.size()));
            // Of the newest segment only what stands before the last record: that one is the other test's.
            var bytes = file.equals(files.getLast()) ? end.get(end.size() - 2) : intact(file).length;
            var bit = luck.nextInt(8 * bytes);
            flip(file, bit);
            var before = disk.content();
            try {
                recover();
                throw new AssertionError("bit " + bit + " of " + file + " was passed over");
            } catch (LogException.Corrupt e) {
                assertThat(e.file()).isEqualTo(file);
                assertThat(e.offset()).isLessThanOrEqualTo(bit / 8);
                assertThat(disk.content().keySet()).isEqualTo(before.keySet());
                assertThat(disk.content().get(file)).isEqualTo(before.get(file));
            } catch (LogException.NewerFormat e) {
                throw new AssertionError("bit " + bit + " of " + file, e);
            }
            disk.replace(file, intact(file));
        }
    }

    @Test
    void zeroedAndDuplicatedSegmentsAreRefused() throws IOException {
        for (long number = 1; number <= SEGMENTS; number++) {
            var file = Logs.segment(Simulation.DIRECTORY, number);
            disk.replace(file, new byte[Logs.SEGMENT]);
            assertCorrupt(file);
            disk.replace(file, intact(Logs.segment(Simulation.DIRECTORY, number % SEGMENTS + 1)));
            assertCorrupt(file);
            disk.replace(file, intact(file));
        }
        disk.replace(Logs.segment(Simulation.DIRECTORY, SEGMENTS + 1), intact(Logs.segment(Simulation.DIRECTORY, 1)));
        assertCorrupt(Logs.segment(Simulation.DIRECTORY, SEGMENTS + 1));
    }

    private void assertCorrupt(Path file) throws IOException {
        try {
            recover();
            throw new AssertionError(file + " was passed over");
        } catch (LogException.Corrupt e) {
            assertThat(e.file()).isEqualTo(file);
        }
    }

    private byte[] intact(Path file) {
        return Objects.requireNonNull(intact.get(file), file::toString);
    }

    private void flip(Path file, int bit) {
        var content = Arrays.copyOf(intact(file), intact(file).length);
        content[bit / 8] ^= (byte) (1 << bit % 8);
        intact.keySet().forEach(other -> disk.replace(other, intact(other)));
        disk.replace(file, content);
    }

    private List<String> recover() throws IOException {
        var recovered = new ArrayList<String>();
        var replayed = new Recovery(
                        new SegmentDirectory(Simulation.DIRECTORY, disk),
                        Logs.SMALL,
                        1,
                        (sequence, time, payload) -> recovered.add(new String(payload, StandardCharsets.UTF_8)))
                .run();
        replayed.opening().open().close();
        return recovered;
    }

    private long last() {
        return disk.content().keySet().stream()
                .filter(file -> file.toString().endsWith(".wal"))
                .count();
    }
}
