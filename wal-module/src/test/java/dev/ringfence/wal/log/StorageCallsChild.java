package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/** Lives of a log on the real disk, all on one thread, telling each operation of its storage as a line. */
final class StorageCallsChild {
    private StorageCallsChild() {}

    public static void main(String[] arguments) throws IOException {
        var path = Path.of(arguments[0]);
        var directory = new SegmentDirectory(path, new Telling(new DiskStorage()));
        var options = LogOptions.defaults().withSizes(4096, 1024).withAcknowledgements(Runnable::run);
        for (int life = 0; life < 2; life++) {
            var replayed = new Recovery(directory, options, 1, (sequence, time, payload) -> {}).run();
            var queue = new AppendQueue(1000, 1 << 20);
            var writer = new LogWriter(
                    directory,
                    options,
                    queue,
                    new Acknowledger(queue, Runnable::run),
                    Runnable::run,
                    replayed.opening());
            writer.open();
            for (int i = 0; i < 5; i++) {
                writer.settle(List.of(new Append(List.of(Payload.of(new byte[1000])))));
            }
            if (life == 1) {
                new Retention(directory, 1).discardBefore(writer.lastSequence());
            }
            queue.close();
            writer.run();
        }
    }

    /** Tells what is done, in the words of the system calls that have to do it. */
    private static final class Telling extends ForwardingStorage {
        Telling(Storage disk) {
            super(disk);
        }

        private static void tell(String what, Path file) {
            System.out.println(what + " " + file.getFileName());
        }

        @Override
        public StorageFile create(Path file) throws IOException {
            tell("create", file);
            return new TellingFile(disk.create(file));
        }

        @Override
        public StorageFile open(Path file) throws IOException {
            return new TellingFile(disk.open(file));
        }

        @Override
        public void rename(Path from, Path to) throws IOException {
            tell("rename", from);
            disk.rename(from, to);
        }

        @Override
        public void delete(Path file) throws IOException {
            tell("unlink", file);
            disk.delete(file);
        }

        @Override
        public StorageDirectory openDirectory(Path directory) throws IOException {
            var opened = disk.openDirectory(directory);
            return new StorageDirectory() {
                @Override
                public void sync() throws IOException {
                    tell("fsync", directory);
                    opened.sync();
                }

                @Override
                public void close() throws IOException {
                    opened.close();
                }
            };
        }
    }

    private static final class TellingFile extends ForwardingFile {
        TellingFile(Storage.StorageFile file) {
            super(file);
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            System.out.println("pwrite64 " + source.remaining() + " " + position);
            file.write(source, position);
        }

        @Override
        public void sync() throws IOException {
            System.out.println("fdatasync");
            file.sync();
        }
    }
}
