package dev.ringfence.runner.fence;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** The host's view of processes, by which those of a fence are found without asking it. */
final class HostProcesses {
    private HostProcesses() {}

    /** Seconds to sleep that no other process on the host sleeps, also none of the same test elsewhere. */
    static String rareDuration() {
        return "97" + ThreadLocalRandom.current().nextInt(10_000_000, 100_000_000);
    }

    /** The command lines that hold some words, whoever they belong to; a process that ended has none. */
    static List<String> with(String words) {
        return ProcessHandle.allProcesses()
                .map(process -> commandLine(process.pid()))
                .filter(line -> line.contains(words))
                .toList();
    }

    private static String commandLine(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/cmdline")).replace('\0', ' ');
        } catch (IOException e) {
            return "";
        }
    }
}
