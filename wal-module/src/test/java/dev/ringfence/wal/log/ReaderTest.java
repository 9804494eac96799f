package dev.ringfence.wal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReaderTest {
    @TempDir
    Path directory;

    @Test
    void readingWorksWhileTheLogIsInUseAndStartsAnywhere() {
        var texts = IntStream.rangeClosed(1, 60)
                .mapToObj(i -> "record " + i + " " + "x".repeat(300))
                .toList();
        try (var log = Logs.open(directory)) {
            texts.forEach(text -> Logs.append(log, text));

            assertThat(read(1)).isEqualTo(texts);
            for (int from = 1; from <= 60; from++) {
                assertThat(read(from)).isEqualTo(texts.subList(from - 1, 60));
            }
            assertThat(read(61)).isEmpty();
        }
    }

    @Test
    void readingStopsWhenTheVisitorHasSeenEnough() {
        Logs.write(directory, "one", "two", "three");
        var seen = new ArrayList<Long>();
        WriteAheadLog.read(directory, 1, (sequence, time, payload) -> {
            seen.add(sequence);
            return sequence < 2;
        });
        assertThat(seen).containsExactly(1L, 2L);
    }

    @Test
    void anUnfinishedTailEndsTheReadingAndIsLeftAlone() throws IOException {
        Logs.write(directory, "one", "two", "three");
        var file = Logs.segment(directory, 1);
        var content = Files.readAllBytes(file);
        content[Logs.offsets(file).get(2) + Frame.HEADER] ^= 1;
        Files.write(file, content);

        assertThat(read(1)).containsExactly("one", "two");
        assertThat(Files.readAllBytes(file)).isEqualTo(content);
    }

    @Test
    void damageBeforeNewerRecordsIsNoEndOfTheReading() throws IOException {
        Logs.write(directory, "one", "two", "three");
        var file = Logs.segment(directory, 1);
        var content = Files.readAllBytes(file);
        var second = Logs.offsets(file).get(1);
        content[second + Frame.HEADER] ^= 1;
        Files.write(file, content);
        var texts = new ArrayList<String>();

        assertThatThrownBy(
                        () -> WriteAheadLog.read(directory, 1, (sequence, time, payload) -> texts.add(text(payload))))
                .isInstanceOfSatisfying(
                        LogException.Corrupt.class, e -> assertThat(e.offset()).isEqualTo((long) second));
        assertThat(texts).containsExactly("one");
    }

    @Test
    void aSegmentThatIsFinishedWhileTheFirstRecordIsLookedForIsReadToItsEnd() {
        // So large that a record is searched for, and what is behind the newest one is read with it.
        var options = Logs.SMALL.withSizes(64 << 10, 2048);
        try (var log = WriteAheadLog.recover(directory, options, (sequence, time, payload) -> {})
                .log()) {
            IntStream.rangeClosed(1, 50).forEach(i -> Logs.append(log, record(i)));
            // Between the search in the newest segment and its reading it becomes full, and another one is begun.
            var busy = new ForwardingStorage(Storage.disk()) {
                private boolean asked;

                @Override
                public boolean exists(Path file) {
                    if (!asked) {
                        asked = true;
                        IntStream.rangeClosed(51, 80).forEach(i -> Logs.append(log, record(i)));
                    }
                    return super.exists(file);
                }
            };
            var texts = new ArrayList<String>();

            LogReader.read(directory, 50, busy, (sequence, time, payload) -> texts.add(text(payload)), true);

            assertThat(log.segments()).hasSize(2);
            assertThat(texts)
                    .isEqualTo(IntStream.rangeClosed(50, 80)
                            .mapToObj(ReaderTest::record)
                            .toList());
        }
    }

    private static String record(int number) {
        return number + "x".repeat(1000);
    }

    private static String text(byte[] payload) {
        return new String(payload, StandardCharsets.UTF_8);
    }

    @Test
    void aMissingDirectoryIsNamed() {
        assertThatThrownBy(() -> WriteAheadLog.read(directory.resolve("none"), 1, (sequence, time, payload) -> true))
                .isInstanceOf(LogException.Failed.class)
                .hasMessageContaining("none");
    }

    private List<String> read(long from) {
        var texts = new ArrayList<String>();
        WriteAheadLog.read(directory, from, (sequence, time, payload) -> texts.add(text(payload)));
        return texts;
    }
}
