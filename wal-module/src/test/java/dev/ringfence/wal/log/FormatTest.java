package dev.ringfence.wal.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Makes by hand, from the package's description alone, the bytes that the log has to write. */
class FormatTest {
    private static final long TIME = 1_772_600_767_089L;

    @TempDir
    Path directory;

    @Test
    void theFilesAreWhatThePackageSaysToTheByte() throws IOException {
        var options = Logs.SMALL.withClock(Clock.fixed(Instant.ofEpochMilli(TIME), ZoneOffset.UTC));
        var first = "a".repeat(1001);
        var second = "b".repeat(1000);
        try (var log = WriteAheadLog.recover(directory, options, (sequence, time, payload) -> {})
                .log()) {
            for (var text : new String[] {first, first, first, second}) {
                Logs.append(log, text);
            }
            log.discardBefore(4);
        }

        var one = header(1, 1, 0);
        var checksum = one.getInt(60);
        for (int i = 0; i < 3; i++) {
            checksum = frame(one, 64 + i * 1040, checksum, 1 + i, first);
        }
        var two = header(2, 4, checksum);
        frame(two, 64, two.getInt(60), 4, second);
        var bytes = new byte[4096];
        two.get(0, bytes);
        assertThat(Files.readAllBytes(Logs.segment(directory, 2))).isEqualTo(bytes);
        assertThat(Files.readAllBytes(directory.resolve("log.start"))).isEqualTo(Arrays.copyOf(bytes, 64));
        assertThat(Logs.segment(directory, 1)).doesNotExist();
    }

    private static ByteBuffer header(long number, long firstSequence, int link) {
        var bytes = ByteBuffer.allocate(4096)
                .put(Logs.bytes("RINGFWAL"))
                .putInt(1)
                .putInt(0)
                .putLong(number)
                .putLong(firstSequence)
                .putLong(4096)
                .putInt(link);
        return bytes.putInt(60, crc(bytes.slice(0, 60)));
    }

    private static int frame(ByteBuffer segment, int at, int before, long sequence, String text) {
        segment.putInt(at, text.length());
        segment.putLong(at + 8, sequence);
        segment.putLong(at + 16, TIME);
        segment.putInt(at + 24, 0);
        segment.put(at + 32, Logs.bytes(text));
        var place = ByteBuffer.allocate(12).putInt(segment.getInt(60)).putLong(at);
        segment.putInt(at + 4, crc(place.flip(), segment.slice(at, 4), segment.slice(at + 8, 20)));
        var padded = (text.length() + 7) / 8 * 8;
        var chain = ByteBuffer.allocate(4).putInt(before).flip();
        var checksum = crc(chain, segment.slice(at, 28), segment.slice(at + 32, padded));
        segment.putInt(at + 28, checksum);
        return checksum;
    }

    private static int crc(ByteBuffer... parts) {
        var crc = new CRC32C();
        for (var part : parts) {
            crc.update(part);
        }
        return (int) crc.getValue();
    }
}
