package log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Other programs, and the files of a directory. */
final class Programs {
    private Programs() {}

    static String run(String... command) throws IOException, InterruptedException {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + ": " + output);
        }
        return output;
    }

    /**
     * How often a second fio writes so many bytes, up to whole pages, and syncs them, into a file that has its blocks
     * already, as the log's segments do.
     */
    static double fdatasyncs(Path directory, long bytes, double seconds) throws Exception {
        var block = Math.min(1 << 20, (bytes + 4095) / 4096 * 4096);
        var file = directory.resolve("fio");
        var zeros = new byte[1 << 20];
        try (var out = Files.newOutputStream(file)) {
            for (int i = 0; i < 16; i++) {
                out.write(zeros);
            }
        }
        try (var channel = FileChannel.open(file, java.nio.file.StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        var output = run(
                "fio",
                "--name=sync",
                "--filename=" + file,
                "--rw=write",
                "--overwrite=1",
                "--bs=" + block,
                "--size=16m",
                "--ioengine=psync",
                "--fdatasync=1",
                "--time_based",
                "--runtime=" + Math.max(1, Math.round(seconds)),
                "--output-format=terse",
                "--terse-version=3");
        Files.delete(file);
        var line = output.lines().filter(text -> text.startsWith("3;")).findFirst().orElseThrow();
        var fields = line.split(";");
        // Field 49: writes a second, whole numbers; more exactly by their count and time.
        var kilobytes = Double.parseDouble(fields[46]);
        var millis = Double.parseDouble(fields[49]);
        return kilobytes * 1024 / block / (millis / 1e3);
    }

    /** Lets the kernel forget the files, so that the next reading is from the disk. */
    static void forget(Path directory) throws Exception {
        for (var file : files(directory)) {
            run("dd", "of=" + file, "oflag=nocache", "conv=notrunc,fdatasync", "count=0", "status=none");
        }
    }

    /** How many seconds it takes to read all files from one end to the other. */
    static double readCold(Path directory) throws Exception {
        forget(directory);
        var begun = System.nanoTime();
        var buffer = ByteBuffer.allocateDirect(1 << 20);
        for (var file : files(directory)) {
            try (var channel = FileChannel.open(file)) {
                while (channel.read(buffer.clear()) > 0) {}
            }
        }
        return (System.nanoTime() - begun) / 1e9;
    }

    private static List<Path> files(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            return new ArrayList<>(files.filter(file -> file.toString().endsWith(".wal")).sorted().toList());
        }
    }
}
