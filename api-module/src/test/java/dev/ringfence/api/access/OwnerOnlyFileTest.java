package dev.ringfence.api.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnerOnlyFileTest {
    @TempDir
    Path directory;

    @Test
    void aFileIsReplacedAsAWholeAndItsOwnersAlone() throws IOException {
        var file = Files.writeString(directory.resolve("keys.json"), "before");

        OwnerOnlyFile.replace(file, "after".getBytes(StandardCharsets.UTF_8));

        assertThat(file).hasContent("after");
        assertThat(Files.getPosixFilePermissions(file)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
        assertThat(directory).isDirectoryNotContaining("glob:**.tmp");
    }

    /** A full disk was left a little fuller. */
    @Test
    void whatCouldNotTakeItsPlaceIsNotLeftBeside() throws IOException {
        var file = directory.resolve("keys.json");
        Files.createDirectories(file.resolve("not-empty"));

        assertThatThrownBy(() -> OwnerOnlyFile.replace(file, new byte[] {1})).isInstanceOf(IOException.class);

        assertThat(directory).isDirectoryNotContaining("glob:**.tmp");
        assertThat(file.resolve("not-empty")).exists();
    }
}
