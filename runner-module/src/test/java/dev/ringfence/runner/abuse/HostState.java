package dev.ringfence.runner.abuse;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What of the host a hostile program might change, and the host's own listener that it must not reach. */
final class HostState implements AutoCloseable {
    private final Surroundings around;
    private final Process listener;

    private HostState(Surroundings around, Process listener) {
        this.around = around;
        this.listener = listener;
    }

    /** Starts a listener at the abstract name, as a program of the host, and looks around. */
    static HostState around(Surroundings around) throws IOException {
        var listener = new ProcessBuilder(
                        around.program().toString(),
                        "serve-unix",
                        Long.toString(around.service()),
                        around.abstractName(),
                        around.abstractDatagrams(),
                        around.datagrams().toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader output = listener.inputReader();
        if (!"listening".equals(output.readLine())) {
            throw new IOException("nothing listens at " + around.abstractName());
        }
        return new HostState(around, listener);
    }

    /** Two looks at an unharmed host are equal. */
    record Look(List<String> files, List<String> shared, List<String> semaphores, long ownZombies, boolean listens) {}

    Look look() {
        return new Look(
                files(),
                lines("/proc/sysvipc/shm", "4222976"),
                lines("/proc/sysvipc/sem", "37"),
                ownZombies(),
                listener.isAlive());
    }

    /** Processes with this mark in their environment, or the fence's name as their own. */
    List<String> processesMarked(String mark) {
        var wanted = Victim.MARK + "=" + mark + "\0";
        return processes()
                .filter(process -> read(process.resolve("environ")).contains(wanted)
                        || read(process.resolve("cmdline")).contains(":" + mark + "\0"))
                .map(process -> process.getFileName() + " "
                        + read(process.resolve("cmdline")).replace('\0', ' '))
                .toList();
    }

    private static Stream<Path> processes() {
        var found = new ArrayList<Path>();
        try (var entries = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            entries.forEach(found::add);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found.stream();
    }

    /** Children that have ended and were not waited for. */
    private long ownZombies() {
        return processes()
                .map(process -> read(process.resolve("stat")))
                .map(stat -> stat.substring(stat.lastIndexOf(')') + 1))
                .filter(rest -> rest.startsWith(" Z " + around.service() + " "))
                .count();
    }

    /** Names and sizes of what the test has on the host's disk. */
    private List<String> files() {
        try (var found = Files.walk(around.open())) {
            return found.map(path -> path + " " + path.toFile().length())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Those of the hostile program alone: the host has others, which come and go. */
    private static List<String> lines(String file, String size) {
        return read(Path.of(file))
                .lines()
                .filter(line -> line.strip().matches("\\S+\\s+\\S+\\s+\\S+\\s+" + size + "\\b.*"))
                .toList();
    }

    private static String read(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }

    @Override
    public void close() {
        listener.destroyForcibly();
    }
}
