package dev.ringfence.runner;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** This test's classes in a Java virtual machine that another user runs. */
public final class OtherJvm {
    private OtherJvm() {}

    /** Copies the class path, which users other than the build's may not be able to read, and returns the copy. */
    public static String copyClassPath(Path directory) throws IOException {
        var copies = new ArrayList<String>();
        for (var entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            var source = Path.of(entry);
            if (!entry.isEmpty() && Files.exists(source)) {
                var copy = directory.resolve("class-path-" + copies.size() + "-" + source.getFileName());
                copy(source, copy);
                copies.add(copy.toString());
            }
        }
        return String.join(File.pathSeparator, copies);
    }

    /** The command that runs a class with a little heap. */
    public static List<String> command(String classPath, Class<?> main, String... arguments) {
        var java = Path.of(System.getProperty("java.home"), "bin/java").toString();
        var command = new ArrayList<>(List.of(
                java,
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-XX:+ExitOnOutOfMemoryError",
                "-Xmx96m",
                "-cp",
                classPath,
                main.getName()));
        command.addAll(List.of(arguments));
        return command;
    }

    /** Reads lines up to the one that holds some words. */
    public static void readTo(String wanted, BufferedReader said) throws IOException {
        var all = new StringBuilder();
        for (var line = said.readLine(); line != null; line = said.readLine()) {
            all.append(line).append('\n');
            if (line.contains(wanted)) {
                return;
            }
        }
        throw new AssertionError("it did not say \"" + wanted + "\" but:\n" + all);
    }

    /** How many descriptors a process may have from now on. */
    public static void limitDescriptors(Process process, int most) throws IOException, InterruptedException {
        int code = new ProcessBuilder("prlimit", "--pid", Long.toString(process.pid()), "--nofile=" + most + ":")
                .inheritIO()
                .start()
                .waitFor();
        if (code != 0) {
            throw new AssertionError("prlimit ended with " + code);
        }
    }

    public static void deleteAll(Path directory) {
        try (var all = Files.walk(directory)) {
            for (var path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void copy(Path source, Path copy) throws IOException {
        try (var all = Files.walk(source)) {
            for (var path : all.toList()) {
                var target = copy.resolve(source.relativize(path).toString());
                Files.copy(path, target);
                var mode = Files.isDirectory(path) ? "rwxr-xr-x" : "rw-r--r--";
                Files.setPosixFilePermissions(target, java.nio.file.attribute.PosixFilePermissions.fromString(mode));
            }
        }
    }
}
