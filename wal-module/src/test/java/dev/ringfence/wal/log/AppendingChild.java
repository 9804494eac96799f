package dev.ringfence.wal.log;

import java.nio.file.Path;

/** Appends until it is killed, several records at a time, and prints each sequence number once it is acknowledged. */
final class AppendingChild {
    private AppendingChild() {}

    public static void main(String[] arguments) throws InterruptedException {
        var log = WriteAheadLog.recover(
                        Path.of(arguments[0]),
                        LogOptions.defaults().withSizes(1 << 16, 1024),
                        (sequence, time, payload) -> {})
                .log();
        var writers = Integer.parseInt(arguments[1]);
        for (int i = 0; i < writers; i++) {
            appendNext(log);
        }
        Thread.currentThread().join();
    }

    private static void appendNext(WriteAheadLog log) {
        var _ = log.append(Logs.bytes("a record of the child")).thenAccept(sequence -> {
            System.out.println(sequence);
            appendNext(log);
        });
    }
}
