package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;

/**
 * Runs into a full disk and, started with a table for few open files, into its end; tells of each error whether it is taken
 * for that, then the texts of all errors that are.
 */
final class ErrorTextsChild {
    private ErrorTextsChild() {}

    public static void main(String[] arguments) {
        var disk = new DiskStorage();
        disk.lock(Path.of(arguments[0]));
        tell(disk, tooManyFiles());
        tell(disk, fullDisk());
        tell(disk, new IOException("Input/output error"));
        for (int errno : new int[] {23, 24, 28, 122}) {
            System.out.println(ErrorTexts.of(errno));
        }
    }

    private static void tell(DiskStorage disk, IOException e) {
        System.out.println(disk.isNoSpace(e) + " " + e.getMessage());
    }

    private static IOException fullDisk() {
        try (var file = FileChannel.open(Path.of("/dev/full"), StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.allocate(10), 0);
        } catch (IOException e) {
            return e;
        }
        throw new IllegalStateException("/dev/full has room");
    }

    private static IOException tooManyFiles() {
        var open = new ArrayList<FileChannel>();
        try {
            while (true) {
                open.add(FileChannel.open(Path.of("/dev/null")));
            }
        } catch (IOException e) {
            open.forEach(ErrorTextsChild::close);
            return e;
        }
    }

    private static void close(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
