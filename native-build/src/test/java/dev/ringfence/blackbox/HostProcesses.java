package dev.ringfence.blackbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** The host's view of processes, by which a job's own are found without asking the service. */
final class HostProcesses {
    private HostProcesses() {}

    /** A duration for {@code sleep} that no other process on the host has. */
    static String rareDuration() {
        return "98" + ThreadLocalRandom.current().nextInt(100_000, 1_000_000);
    }

    /** The command lines that hold a word, whoever they belong to. */
    static List<String> with(String word) {
        try (var directories = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            var found = new ArrayList<String>();
            for (var directory : directories) {
                var commandLine = commandLine(directory);
                if (commandLine.contains(word)) {
                    found.add(directory.getFileName() + ": " + commandLine);
                }
            }
            return found;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String commandLine(Path directory) {
        try {
            return new String(Files.readAllBytes(directory.resolve("cmdline")), StandardCharsets.UTF_8)
                    .replace('\0', ' ');
        } catch (IOException gone) {
            return "";
        }
    }
}
