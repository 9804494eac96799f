package dev.ringfence.wal.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringfence.wal.journal.JournalVerifier.Verdict;
import dev.ringfence.wal.log.LogRemains;
import dev.ringfence.wal.log.Payload;
import dev.ringfence.wal.log.Storage;
import dev.ringfence.wal.log.WriteAheadLog;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A journal to which a newer version appended events that this one does not know. */
class NewerVersionTest {
    private static final String NEWER = "{\"v\":1,\"type\":\"paused\",\"job_id\":\"job-live\",\"at_ms\":1}";

    @TempDir
    Path top;

    private Path directory = Path.of("unset");

    @BeforeEach
    void write() {
        directory = top.resolve("journal");
        try (var journal = Journals.open(directory)) {
            for (int i = 0; i < 5; i++) {
                Journals.live(journal, "job-" + i);
            }
            Journals.append(journal, Events.submitted("job-live"));
        }
        append(NEWER);
        append("{\"v\":1,\"type\":\"audited\",\"at_ms\":2,\"action\":\"x\"}");
    }

    /** A repair once took the event for damage and cut it off, with all that was acknowledged behind it. */
    @Test
    void aRepairCutsNothingOfIt() throws IOException {
        assertThatThrownBy(() -> Journal.recover(directory, Journals.OPTIONS))
                .isInstanceOf(JournalException.NotReadable.class)
                .hasMessageContaining("Start the newer version");
        var before = files();

        assertThat(JournalRepair.examine(directory))
                .isInstanceOfSatisfying(JournalRepair.Finding.NewerVersion.class, newer -> {
                    assertThat(newer.sequence()).isEqualTo(17);
                    assertThat(newer.what()).contains("paused", "Start the newer version");
                });
        try (var repair = JournalRepair.lock(directory, Journals.OPTIONS)) {
            assertThat(repair.examine()).isInstanceOf(JournalRepair.Finding.NewerVersion.class);
            assertThatThrownBy(() -> repair.carryOut(top.resolve("copies")))
                    .isInstanceOf(JournalException.NotReadable.class);
        }

        assertThat(files()).isEqualTo(before);
        assertThat(top.resolve("copies")).doesNotExist();
    }

    @Test
    void itIsNotSaidToBeOtherThanItWasWritten() {
        var place = LogRemains.of(directory, Storage.disk()).locate(17);

        assertThat(JournalVerifier.verify(directory, _ -> true))
                .isInstanceOfSatisfying(Verdict.NewerVersion.class, newer -> {
                    assertThat(newer.sequence()).isEqualTo(17);
                    assertThat(newer.file()).isEqualTo(place.file());
                    assertThat(newer.offset()).isEqualTo(place.offset());
                    assertThat(newer.what()).contains("paused", "Start the newer version");
                });
    }

    /** What a header says is said elsewhere as well; but whether anything else is damaged, only the newer version knows. */
    @Test
    void damageInFrontOfItThatCouldBeMendedIsLeftToTheNewerVersion() throws IOException {
        var segment = directory.resolve("00000000000000000001.wal");
        var bytes = Files.readAllBytes(segment);
        bytes[20] ^= 4;
        Files.write(segment, bytes);

        assertThat(JournalVerifier.verify(directory, _ -> true)).isInstanceOf(Verdict.Broken.class);
        assertThat(JournalRepair.examine(directory)).isInstanceOf(JournalRepair.Finding.NewerVersion.class);
    }

    private void append(String json) {
        var event = json.getBytes(StandardCharsets.UTF_8);
        try (var log = WriteAheadLog.recover(directory, Journals.OPTIONS.log(), (_, _, _) -> {})
                .log()) {
            var _ = log.append(new Payload() {
                        @Override
                        public int size() {
                            return EventRecord.LINK_BYTES + event.length;
                        }

                        @Override
                        public byte[] after(byte[] previous) {
                            var payload = Arrays.copyOf(EventRecord.linkTo(previous), size());
                            System.arraycopy(event, 0, payload, EventRecord.LINK_BYTES, event.length);
                            return payload;
                        }
                    })
                    .toCompletableFuture()
                    .join();
        }
    }

    private Map<String, String> files() throws IOException {
        var files = new TreeMap<String, String>();
        try (var all = Files.walk(directory)) {
            for (var file : all.filter(Files::isRegularFile).toList()) {
                if (!file.endsWith("log.lock")) {
                    files.put(
                            directory.relativize(file).toString(),
                            HexFormat.of().formatHex(Files.readAllBytes(file)));
                }
            }
        }
        return files;
    }
}
