package dev.ringfence.runner.fence;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A service that is not root looks at a directory that it gives, and a job of its user closes what is there. */
final class ClosedDirectories {
    private ClosedDirectories() {}

    /** Prints how many files were found in the end, and the modes that directories have then. */
    public static void main(String[] arguments) throws IOException {
        var given = Path.of(arguments[0]);
        var inner = given.resolve("a/b");
        var use = new DiskUse(List.of(given), new TemporaryFiles(0), 0);
        if (arguments[1].equals("close")) {
            Files.createDirectories(inner);
            Files.createFile(inner.resolve("file"));
            Files.createFile(given.resolve("a/file"));
            close(inner, 02050);
            close(given.resolve("a"), 02055);
            close(given, 02075);
        }
        System.out.println(use.growth(List.of(), Optional.empty(), true).files() + " files");
        for (var directory : List.of(given, given.resolve("a"), inner)) {
            if (Files.exists(directory)) {
                System.out.println(directory.getFileName() + " "
                        + Integer.toOctalString((int) Files.getAttribute(directory, "unix:mode") & 07777));
            }
        }
    }

    private static void close(Path directory, int mode) throws IOException {
        Files.setAttribute(directory, "unix:mode", mode);
    }
}
