package log;

import dev.ringfence.wal.log.LogOptions;
import dev.ringfence.wal.log.WriteAheadLog;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;

/** The log as the journal has it: with quick code behind each append. */
final class RingfenceTarget implements Load.Target, AutoCloseable {
    private final WriteAheadLog log;
    private final byte[] payload;

    RingfenceTarget(Path directory, byte[] payload) {
        var options = LogOptions.defaults().withAcknowledgements(Runnable::run);
        log = WriteAheadLog.recover(directory, options, (sequence, time, bytes) -> {})
                .log();
        this.payload = payload;
    }

    @Override
    public void append(int writer, Consumer<Throwable> done) {
        var _ = log.append(payload).whenComplete((sequence, failure) -> done.accept(failure));
    }

    @Override
    public void close() {
        log.close();
    }

    /** Fills a log with so many mebibytes of records. */
    static void fill(Path directory, int size, int megabytes) throws Exception {
        var payload = new byte[size];
        new java.util.Random(1).nextBytes(payload);
        var waiting = new Semaphore(2_000);
        try (var target = new RingfenceTarget(directory, payload)) {
            for (long left = ((long) megabytes << 20) / (size + 32); left > 0; left--) {
                waiting.acquire();
                target.append(0, failure -> {
                    if (failure != null) {
                        throw new IllegalStateException(failure);
                    }
                    waiting.release();
                });
            }
            waiting.acquire(2_000);
        }
    }

    /** How many seconds a recovery takes that touches every payload. */
    static double recover(Path directory) {
        var begun = System.nanoTime();
        var bytes = new long[1];
        WriteAheadLog.recover(directory, LogOptions.defaults(), (sequence, time, payload) -> bytes[0] += payload.length)
                .log()
                .close();
        return (System.nanoTime() - begun) / 1e9;
    }
}
