package dev.ringfence.wal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecoveryTest {
    @TempDir
    Path directory;

    @Test
    void whatWasAppendedComesBackInOrderWithItsTimeAcrossSegments() {
        var time = Instant.parse("2026-03-04T05:06:07.089Z");
        var texts = IntStream.range(0, 100)
                .mapToObj(i -> "record " + i + "x".repeat(i * 10))
                .toList();
        var options = Logs.SMALL.withClock(Clock.fixed(time, ZoneOffset.UTC));
        try (var log = WriteAheadLog.recover(directory, options, (sequence, at, payload) -> {})
                .log()) {
            for (var text : texts) {
                Logs.append(log, text);
            }
            assertThat(log.lastSequence()).isEqualTo(100);
        }

        var times = new ArrayList<Instant>();
        WriteAheadLog.recover(directory, options, (sequence, at, payload) -> times.add(at))
                .log()
                .close();

        assertThat(Logs.recover(directory)).isEqualTo(new Logs.Recovered(texts, new Tail.Clean()));
        assertThat(times).hasSize(100).containsOnly(time);
        assertThat(Logs.segment(directory, 10)).exists();
    }

    @Test
    void aLogOfWhichOnlyACutOffTailIsLeftIsNotBegunAnew() throws IOException {
        var tail = directory.resolve("00000000000000000001.wal.torn-64-00000000");
        Files.write(tail, new byte[] {1});

        assertThatThrownBy(() -> Logs.recover(directory))
                .isInstanceOf(LogException.Corrupt.class)
                .hasMessageContaining("00000000000000000001.wal")
                .hasMessageContaining("the segment is missing");
        assertThat(Logs.snapshot(directory)).containsOnlyKeys(tail.getFileName().toString());
    }

    @Test
    void appendingGoesOnWhereTheLastProcessStopped() {
        Logs.write(directory, "one", "two");
        Logs.write(directory, "three");

        assertThat(Logs.recover(directory).texts()).containsExactly("one", "two", "three");
    }

    @Test
    void aTailTornAtAnyByteIsCutAndKeptBeside(@TempDir Path scratch) throws IOException {
        Logs.write(directory, "first record", "second record", "the last record!");
        var offsets = Logs.offsets(Logs.segment(directory, 1));
        var intact = Files.readAllBytes(Logs.segment(directory, 1));
        var start = offsets.get(2);
        for (int cut = start; cut < offsets.get(3); cut++) {
            var copy = Files.createDirectory(scratch.resolve("cut-" + cut));
            var torn = intact.clone();
            Arrays.fill(torn, cut, torn.length, (byte) 0);
            Files.write(Logs.segment(copy, 1), torn);
            var left = Arrays.copyOfRange(torn, start, cut);

            var recovered = Logs.recover(copy);

            assertThat(recovered.texts()).containsExactly("first record", "second record");
            if (isZero(left)) {
                assertThat(recovered.tail()).isEqualTo(new Tail.Clean());
            } else {
                var tail = (Tail.Torn) recovered.tail();
                assertThat(tail.cutAt()).isEqualTo(start.longValue());
                assertThat(Files.readAllBytes(tail.copy())).isEqualTo(Arrays.copyOf(left, (int) tail.bytesDropped()));
            }
            Logs.write(copy, "after the cut");
            assertThat(Logs.recover(copy).texts()).containsExactly("first record", "second record", "after the cut");
        }
    }

    @Test
    void aGroupWrittenOutOfOrderIsATornTail() throws IOException {
        // Given a group of three, of which the disk took only the first and the last record before the power went
        var storage = new FaultyStorage();
        try (var log = Logs.open(directory, storage)) {
            GroupCommitTest.inOneGroup(storage, log, "holder", List.of("a".repeat(90), "b".repeat(90), "c".repeat(90)));
        }
        var file = Logs.segment(directory, 1);
        var offsets = Logs.offsets(file);
        var content = Files.readAllBytes(file);
        Arrays.fill(content, offsets.get(2), offsets.get(3), (byte) 0);
        Files.write(file, content);

        var recovered = Logs.recover(directory);

        assertThat(recovered.texts()).containsExactly("holder", "a".repeat(90));
        assertThat(recovered.tail()).isInstanceOf(Tail.Torn.class);
    }

    @Test
    void recoveringTwiceChangesNothingTheSecondTime() throws IOException {
        Logs.write(directory, "first", "second", "third");
        var file = Logs.segment(directory, 1);
        var content = Files.readAllBytes(file);
        content[Logs.offsets(file).get(2) + Frame.HEADER] ^= 1;
        Files.write(file, content);
        Files.writeString(directory.resolve("00000000000000000002.wal.tmp"), "left by a crash");

        var first = Logs.recover(directory);
        var afterFirst = Logs.snapshot(directory);
        var second = Logs.recover(directory);

        assertThat(first.tail()).isInstanceOf(Tail.Torn.class);
        assertThat(second).isEqualTo(new Logs.Recovered(List.of("first", "second"), new Tail.Clean()));
        assertThat(Logs.snapshot(directory)).isEqualTo(afterFirst);
        assertThat(afterFirst.keySet()).noneMatch(name -> name.endsWith(".tmp")).hasSize(2);
    }

    @Test
    void anyBitFlippedInAMiddleFrameIsRefusedWithFileAndOffset() throws IOException {
        Logs.write(directory, "first record", "second record", "third record");
        var file = Logs.segment(directory, 1);
        var offsets = Logs.offsets(file);
        var intact = Files.readAllBytes(file);
        for (int at = offsets.get(1); at < offsets.get(2); at++) {
            for (int bit = 0; bit < 8; bit++) {
                var damaged = intact.clone();
                damaged[at] ^= (byte) (1 << bit);
                Files.write(file, damaged);

                assertCorrupt(file, offsets.get(1));
                assertThat(Files.readAllBytes(file)).isEqualTo(damaged);
            }
        }
    }

    @Test
    void anyBitFlippedInAHeaderIsRefused() throws IOException {
        Logs.write(directory, "record");
        var file = Logs.segment(directory, 1);
        var intact = Files.readAllBytes(file);
        for (int at = 0; at < SegmentHeader.SIZE; at++) {
            var damaged = intact.clone();
            damaged[at] ^= (byte) (1 << at % 8);
            Files.write(file, damaged);

            assertCorrupt(file, 0);
        }
    }

    @Test
    void damageAtTheEndOfAnOlderSegmentIsRefused() throws IOException {
        Logs.write(directory, "a".repeat(1000), "b".repeat(1000), "c".repeat(1000), "d".repeat(1000), "e".repeat(1000));
        var file = Logs.segment(directory, 1);
        var last = Logs.offsets(file).get(2);
        var content = Files.readAllBytes(file);
        content[last + 100] ^= 1;
        Files.write(file, content);

        assertCorrupt(file, last);
        assertThatThrownBy(() -> WriteAheadLog.read(directory, 1, (sequence, time, payload) -> true))
                .isInstanceOf(LogException.Corrupt.class)
                .hasMessageContaining(file.toString());
    }

    @Test
    void aMissingSegmentIsRefused() throws IOException {
        fourSegments();
        Files.delete(Logs.segment(directory, 2));
        assertCorrupt(Logs.segment(directory, 2), 0);
    }

    @Test
    void aMissingFirstSegmentIsRefused() throws IOException {
        fourSegments();
        Files.delete(Logs.segment(directory, 1));
        assertCorrupt(Logs.segment(directory, 1), 0);
    }

    @Test
    void swappedSegmentsAreRefused() throws IOException {
        fourSegments();
        var aside = directory.resolve("aside");
        Files.move(Logs.segment(directory, 2), aside);
        Files.move(Logs.segment(directory, 3), Logs.segment(directory, 2));
        Files.move(aside, Logs.segment(directory, 3));
        assertCorrupt(Logs.segment(directory, 2), 0);
    }

    @Test
    void aSegmentOfAnotherLogIsRefused(@TempDir Path other) throws IOException {
        fourSegments();
        Logs.write(other, "B".repeat(1000), "B".repeat(1000), "B".repeat(1000), "B".repeat(1000), "B".repeat(1000));
        Files.copy(Logs.segment(other, 2), Logs.segment(directory, 2), StandardCopyOption.REPLACE_EXISTING);
        assertCorrupt(Logs.segment(directory, 2), 0);
    }

    @Test
    void aShortenedFileIsRefused() throws IOException {
        fourSegments();
        var file = Logs.segment(directory, 4);
        Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 2000));
        assertCorrupt(file, 2000);
    }

    @Test
    void aFileOfAnotherKindIsRefusedAlsoWhenItsChecksumIsRight() throws IOException {
        Logs.write(directory, "record");
        var file = Logs.segment(directory, 1);
        var content = ByteBuffer.wrap(Files.readAllBytes(file));
        content.put("RINGFMAP".getBytes(StandardCharsets.US_ASCII));
        content.putInt(60, checksum(content));
        Files.write(file, content.array());

        assertCorrupt(file, 0);
    }

    @Test
    void aNewerFormatIsRefusedWithBothVersions() throws IOException {
        Logs.write(directory, "record");
        var file = Logs.segment(directory, 1);
        var content = ByteBuffer.wrap(Files.readAllBytes(file));
        content.putInt(8, 7);
        content.putInt(60, checksum(content));
        Files.write(file, content.array());

        assertThatThrownBy(() -> Logs.recover(directory))
                .isInstanceOf(LogException.NewerFormat.class)
                .hasMessageContaining(file + " has format version 7; this program reads up to version 1");
    }

    @Test
    void anExceptionOfTheConsumerIsPassedOnAndFreesTheDirectory() {
        Logs.write(directory, "record");
        var unwanted = new IllegalStateException("unwanted");

        assertThatThrownBy(() -> WriteAheadLog.recover(directory, Logs.SMALL, (sequence, time, payload) -> {
                    throw unwanted;
                }))
                .isSameAs(unwanted);

        assertThat(Logs.recover(directory).texts()).containsExactly("record");
    }

    @Test
    void aLengthThatReachesPastTheFileIsNoFrame() throws IOException {
        Logs.write(directory, "record");
        var file = Logs.segment(directory, 1);
        var end = Logs.offsets(file).getLast();
        var content = ByteBuffer.wrap(Files.readAllBytes(file));
        content.putInt(end, Logs.SEGMENT).putLong(end + Frame.SEQUENCE, 2);
        content.putInt(end + Frame.MARK, Frame.mark(content, end, content.getInt(60), end));
        Files.write(file, content.array());

        var recovered = Logs.recover(directory);

        assertThat(recovered.texts()).containsExactly("record");
        assertThat(recovered.tail()).isInstanceOf(Tail.Torn.class);
    }

    @Test
    void aSegmentThatBeginsWithAnotherNumberIsRefused() throws IOException {
        fourSegments();
        var path = Logs.segment(directory, 4);
        var bytes = Files.readAllBytes(path);
        try (var file = new DiskStorage().openToRead(path)) {
            var header = SegmentHeader.read(path, file);
            var other = new SegmentHeader(header.number(), header.firstSequence() + 1, header.link(), header.size());
            ByteBuffer.wrap(bytes).put(other.encode());
        }
        Files.write(path, bytes);

        assertCorrupt(path, 0);
    }

    @Test
    void aFrameOfAnotherNumberIsDamageAlsoWhenItsChecksumIsRight() throws IOException {
        Logs.write(directory, "first");
        craft((segment, header, at) -> {
            var before = segment.getInt(SegmentHeader.SIZE + Frame.CHECKSUM);
            Frame.put(segment.position(at), header.checksum(), at, before, 3, 0, 0, Logs.bytes("third"));
        });

        assertCorrupt(Logs.segment(directory, 1), SegmentHeader.SIZE + Frame.sizeOf(5));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, Logs.SEGMENT, Integer.MAX_VALUE})
    void whatHasAMarkAndAnImpossibleLengthIsNoFrame(int length) throws IOException {
        Logs.write(directory, "first");
        craft((segment, header, at) -> {
            segment.putInt(at + Frame.LENGTH, length).putLong(at + Frame.SEQUENCE, 1);
            segment.putInt(at + Frame.MARK, Frame.mark(segment, at, header.checksum(), at));
        });

        var recovered = Logs.recover(directory);

        assertThat(recovered.texts()).containsExactly("first");
        assertThat(recovered.tail()).isInstanceOf(Tail.Torn.class);
    }

    private static int checksum(ByteBuffer header) {
        var crc = new CRC32C();
        crc.update(header.slice(0, 60));
        return (int) crc.getValue();
    }

    private interface Craft {
        void into(ByteBuffer segment, SegmentHeader header, int at);
    }

    /** Changes what stands behind the last record of the first segment. */
    private void craft(Craft craft) throws IOException {
        var path = Logs.segment(directory, 1);
        var bytes = Files.readAllBytes(path);
        try (var file = new DiskStorage().openToRead(path)) {
            craft.into(
                    ByteBuffer.wrap(bytes),
                    SegmentHeader.read(path, file),
                    Logs.offsets(bytes).getLast());
        }
        Files.write(path, bytes);
    }

    private void fourSegments() {
        var text = "a".repeat(1000);
        Logs.write(directory, text, text, text, text, text, text, text, text, text, text);
        assertThat(Logs.segment(directory, 4)).exists();
    }

    private void assertCorrupt(Path file, int offset) {
        assertThatThrownBy(() -> Logs.recover(directory)).isInstanceOfSatisfying(LogException.Corrupt.class, e -> {
            assertThat(e.file()).isEqualTo(file);
            assertThat(e.offset()).isEqualTo(offset);
            assertThat(e).hasMessageContaining(file + " at offset " + offset).hasMessageContaining("backup");
        });
    }

    private static boolean isZero(byte[] bytes) {
        for (var b : bytes) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }
}
