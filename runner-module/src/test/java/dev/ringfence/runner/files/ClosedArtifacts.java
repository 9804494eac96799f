package dev.ringfence.runner.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;

/** A service that is not root, and a job of its user that left what nobody may read. */
final class ClosedArtifacts {
    private ClosedArtifacts() {}

    /** Prints the names of the artefacts, and of what is none. */
    public static void main(String[] directory) throws IOException {
        var artifacts = new Artifacts(Path.of(directory[0]), new Artifacts.Limits(10, 100, 150), Duration.ofHours(1));
        var out = artifacts.open("job", OptionalInt.empty());
        Files.writeString(Files.createDirectory(out.resolve("d")).resolve("in"), "x");
        Files.writeString(out.resolve("open"), "x");
        Files.writeString(out.resolve("shut"), "x");
        for (var closed : List.of(out.resolve("d/in"), out.resolve("d"), out.resolve("shut"), out)) {
            Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("---------"));
        }
        var collected = artifacts.collect("job", () -> {});
        System.out.println(collected.artifacts().stream().map(Artifact::name).toList() + " " + collected.skipped());
    }
}
