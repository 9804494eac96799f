package dev.ringfence.runner.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real files in a real directory. */
class ArtifactsTest {
    private static final Checkpoint GO = () -> {};

    @TempDir
    private Path directory;

    private Path place;
    private Artifacts artifacts;

    @BeforeEach
    void open() throws IOException {
        place = directory.resolve("artifacts");
        artifacts = new Artifacts(place, new Artifacts.Limits(2, 100, 150), Duration.ofHours(1));
        Files.writeString(directory.resolve("secret"), "outside");
    }

    @Test
    void artefactsArePlainFilesWithinTheLimits() throws IOException {
        // Given
        var out = artifacts.open("job", OptionalInt.empty());
        Files.writeString(Files.createDirectory(out.resolve("a")).resolve("é.txt"), "é");
        Files.writeString(out.resolve("big"), "x".repeat(101));
        Files.writeString(out.resolve("c.json"), "{}");
        Files.writeString(out.resolve("d"), "one too many");
        Files.createSymbolicLink(out.resolve("link"), directory.resolve("secret"));
        Files.createLink(out.resolve("hard"), directory.resolve("secret"));

        // When
        var collected = artifacts.collect("job", GO);

        // Then
        assertThat(collected.artifacts()).extracting(Artifact::name).containsExactly("a/é.txt", "c.json");
        assertThat(collected.skipped())
                .extracting(Artifacts.Skipped::name)
                .containsExactlyInAnyOrder("big", "d", "link", "hard");
        assertThat(artifacts.list("job")).isEqualTo(collected.artifacts());
        try (var content =
                artifacts.open("job", collected.artifacts().getFirst()).orElseThrow()) {
            assertThat(new String(content.readAllBytes(), UTF_8)).isEqualTo("é");
        }
        artifacts.delete("job");
        assertThat(artifacts.list("job")).isEmpty();
    }

    @Test
    void theOutputOfAJobThatStillRunsIsNotOldHoweverLongItTakes() throws IOException {
        // Given
        var ended = artifacts.open("ended", OptionalInt.empty());
        Files.writeString(ended.resolve("file"), "x");
        artifacts.collect("ended", GO);
        var running = artifacts.open("running", OptionalInt.empty());
        Files.writeString(running.resolve("file"), "x");

        // When
        artifacts.sweep(Instant.now().plus(Duration.ofDays(1)));

        // Then
        assertThat(ended).doesNotExist();
        assertThat(artifacts.collect("running", GO).artifacts())
                .extracting(Artifact::name)
                .containsExactly("file");
        artifacts.sweep(Instant.now().plus(Duration.ofDays(2)));
        assertThat(place).isEmptyDirectory();
    }

    /** A list that a kill left half written could never be read again. */
    @Test
    void theListOfAJobsFilesIsPutInItsPlaceWholeAndIsNotWrittenThere() throws IOException {
        // Given
        var out = artifacts.open("job", OptionalInt.empty());
        Files.writeString(out.resolve("file"), "x");
        var before = Files.createLink(
                directory.resolve("before"), Files.writeString(place.resolve("job/index.json"), "of a life before"));

        // When
        var collected = artifacts.collect("job", GO);

        // Then
        assertThat(before).hasContent("of a life before");
        assertThat(artifacts.list("job")).isEqualTo(collected.artifacts()).hasSize(1);
    }

    @Test
    void whatAnotherThreadRemovesWhileOldFilesAreLookedForKeepsTheOthersNotFromGoing() throws IOException {
        // Given
        for (int i = 0; i < 10; i++) {
            Files.writeString(artifacts.open("job-" + i, OptionalInt.empty()).resolve("file"), "x");
            artifacts.collect("job-" + i, GO);
            // Listed, and no more there when it is looked at: as a directory that has just been removed.
            Files.createSymbolicLink(place.resolve("gone-" + i), directory.resolve("nowhere"));
        }

        // When
        artifacts.sweep(Instant.now().plus(Duration.ofDays(1)));

        // Then
        assertThat(place).isDirectoryNotContaining("glob:**/job-*");
    }
}
