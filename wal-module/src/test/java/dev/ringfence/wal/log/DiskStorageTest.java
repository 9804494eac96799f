package dev.ringfence.wal.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the models of a disk say about a power loss is worth something only if the real one makes the calls they see. */
class DiskStorageTest {
    private static final Pattern CALL =
            Pattern.compile("\\d+ +(\\w+)\\((?:AT_FDCWD[^,]*, )?(?:\\d+<)?\"?([^>\",]*)[>\"]?(.*)\\) += .*");
    private static final Pattern PLACE = Pattern.compile(".*, (\\d+), (\\d+)");

    @TempDir
    Path scratch;

    @Test
    void nobodyElseMayEnterWhatItMakes() throws IOException {
        var made = scratch.resolve("made");

        new DiskStorage().makeDirectory(made);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made)))
                .isEqualTo("rwx------");
    }

    @Test
    void everyOperationOfTheStorageIsTheOneSystemCallThatTheModelsTakeItFor() throws Exception {
        Faults.require(Files.isExecutable(Path.of("/usr/bin/strace")), "strace is not installed");
        var directory = Files.createDirectory(scratch.resolve("log"));
        var trace = scratch.resolve("trace");
        var command =
                new ArrayList<>(List.of("/usr/bin/strace", "-f", "-qqq", "-y", "-s", "0", "-o", trace.toString()));
        command.addAll(List.of("-e", "trace=%file,%desc"));
        command.addAll(Child.command(StorageCallsChild.class, directory.toString()));
        var output = scratch.resolve("output");
        var exit = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start()
                .waitFor();

        assertThat(exit).as(Files.readString(output)).isZero();
        var told = Files.readAllLines(output);
        assertThat(told).hasSizeGreaterThan(40).contains("create next.tmp", "fsync log", "rename log.start.tmp");
        assertThat(calls(trace, directory)).isEqualTo(told);
    }

    /** All calls that change something in the directory, whatever they are called. */
    private static List<String> calls(Path trace, Path directory) throws IOException {
        var calls = new ArrayList<String>();
        for (var line : Files.readAllLines(trace)) {
            var call = CALL.matcher(line);
            if (line.contains(directory.toString()) && call.matches()) {
                var told = told(call.group(1), Path.of(call.group(2)), call.group(3));
                if (!told.isEmpty()) {
                    calls.add(told);
                }
            }
        }
        return calls;
    }

    private static String told(String call, Path file, String rest) {
        return switch (call) {
            case "openat" -> rest.contains("O_CREAT|O_EXCL") ? "create " + file.getFileName() : "";
            case "pwrite64" -> {
                var place = PLACE.matcher(rest);
                yield place.matches() ? "pwrite64 " + place.group(1) + " " + place.group(2) : call + rest;
            }
            case "fdatasync" -> call;
            case "fsync", "rename", "unlink" -> call + " " + file.getFileName();
            case "read",
                    "pread64",
                    "close",
                    "lseek",
                    "fcntl",
                    "ioctl",
                    "statx",
                    "fstat",
                    "stat",
                    "lstat",
                    "newfstatat",
                    "access",
                    "readlink",
                    "getdents64",
                    "execve",
                    "mkdir",
                    "dup" -> "";
            default -> call + " " + file + rest;
        };
    }
}
