package dev.ringfence.wal.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SnapshotFileTest {
    @TempDir
    Path directory;

    /** What another version writes has a checksum, too. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"format\":\"ringfence-snapshot\" | \"format\":\"another\"",
                "\"version\":1                   | \"version\":2",
                "\"ended\":3                     | \"ended\":4",
                "\"ended\":3                     | \"ended\":2",
                "\"live\":1                      | \"live\":0"
            })
    void aSnapshotOfAnotherVersionOrWithOtherCountsIsNotUsed(String said, String instead) throws IOException {
        try (var journal = Journals.open(directory)) {
            for (int i = 0; i < 3; i++) {
                Journals.live(journal, "job-" + i);
            }
            Journals.append(journal, Events.submitted("live"));
        }
        var files = JournalFiles.of(directory);
        var file = files.snapshotFiles().getFirst();
        assertThat(files.readSnapshot(file).ended()).hasSize(3);
        var text = Files.readString(file);
        var content = text.substring(0, text.lastIndexOf("{\"crc32c\"")).replace(said, instead);
        assertThat(text).contains(said);
        var crc = new CRC32C();
        crc.update(content.getBytes(StandardCharsets.UTF_8));
        Files.writeString(file, content + "{\"crc32c\":\"%08x\"}\n".formatted(crc.getValue()));

        assertThatThrownBy(() -> files.readSnapshot(file)).isInstanceOf(IOException.class);
    }
}
