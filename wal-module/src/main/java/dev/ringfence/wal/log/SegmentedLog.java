package dev.ringfence.wal.log;

import io.smallrye.mutiny.Uni;
import java.io.IOException;
import java.nio.file.Path;

/** A log in segments of one directory, with one writer thread. */
final class SegmentedLog implements WriteAheadLog {
    private final Path directory;
    private final int maxPayloadBytes;
    private final AppendQueue queue;
    private final LogWriter writer;
    private final Thread thread;
    private final DirectoryLock lock;

    private SegmentedLog(Path directory, LogOptions options, AppendQueue queue, LogWriter writer, DirectoryLock lock) {
        this.directory = directory;
        this.maxPayloadBytes = options.maxPayloadBytes();
        this.queue = queue;
        this.writer = writer;
        this.lock = lock;
        thread = Thread.ofPlatform()
                .name("wal-writer-" + directory.getFileName())
                .daemon()
                .unstarted(writer);
    }

    static Recovered recover(Path directory, LogOptions options, Storage storage, RecordConsumer replay) {
        var lock = DirectoryLock.acquire(directory, storage);
        try {
            var files = new SegmentDirectory(directory, storage);
            var opened = new Recovery(files, options, replay).run();
            var queue = new AppendQueue(options.queueRecords(), options.queueBytes());
            var acknowledger = new Acknowledger(queue, options.acknowledgements());
            var writer = new LogWriter(files, options, queue, acknowledger, opened);
            var log = new SegmentedLog(directory, options, queue, writer, lock);
            log.thread.start();
            return new Recovered(log, opened.tail());
        } catch (IOException e) {
            var failed = new LogException.Failed("cannot recover " + directory + ": " + e, e);
            release(lock, failed);
            throw failed;
        } catch (RuntimeException | Error e) {
            release(lock, e);
            throw e;
        }
    }

    private static void release(DirectoryLock lock, Throwable cause) {
        try {
            lock.close();
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    @Override
    public Uni<Long> append(Payload payload) {
        var size = payload.size();
        if (size < 1 || size > maxPayloadBytes) {
            return Uni.createFrom().failure(new LogException.BadSize(size, maxPayloadBytes));
        }
        var append = new Append(payload, size);
        try {
            return queue.offer(append) ? append.outcome() : Uni.createFrom().failure(refusal());
        } catch (LogException.Saturated e) {
            return Uni.createFrom().failure(e);
        }
    }

    private LogException refusal() {
        return switch (health()) {
            case Health.Failed failed -> new LogException.Failed(failed.reason(), null);
            case Health.Writable _, Health.Full _, Health.Closed _ -> new LogException.Closed(directory);
        };
    }

    @Override
    public long lastSequence() {
        return writer.lastSequence();
    }

    @Override
    public Health health() {
        return writer.health();
    }

    @Override
    public void close() {
        queue.close();
        joinWriter();
        try {
            lock.close();
        } catch (IOException e) {
            throw new LogException.Failed("cannot free " + directory + ": " + e, e);
        }
    }

    /** An interrupt does not leave the log half closed; it is kept for the caller. */
    private void joinWriter() {
        var interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
