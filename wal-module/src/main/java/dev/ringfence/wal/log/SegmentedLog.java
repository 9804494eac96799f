package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/** A log in segments of one directory, with one writer thread. */
final class SegmentedLog implements WriteAheadLog {
    private final Path directory;
    private final Storage storage;
    private final int maxPayloadBytes;
    private final int segmentBytes;
    private final AppendQueue queue;
    private final LogWriter writer;
    private final Thread thread;
    private final Retention retention;
    private final ExecutorService files;
    private final Storage.Lock lock;

    private SegmentedLog(
            Path directory,
            Storage storage,
            LogOptions options,
            AppendQueue queue,
            LogWriter writer,
            Retention retention,
            ExecutorService files,
            Storage.Lock lock) {
        this.directory = directory;
        this.storage = storage;
        this.maxPayloadBytes = options.maxPayloadBytes();
        this.segmentBytes = options.segmentBytes();
        this.queue = queue;
        this.writer = writer;
        this.retention = retention;
        this.lock = lock;
        this.files = files;
        thread = Thread.ofPlatform()
                .name("wal-writer-" + directory.getFileName())
                .daemon()
                .unstarted(writer);
    }

    static Recovered recover(Path directory, LogOptions options, Storage storage, RecordConsumer replay) {
        return recover(directory, options, storage, 1, replay);
    }

    static Recovered recover(
            Path directory, LogOptions options, Storage storage, long fromSequence, RecordConsumer replay) {
        if (fromSequence < 1) {
            throw new IllegalArgumentException("fromSequence must be at least 1, not " + fromSequence);
        }
        return recover(directory, options, storage, storage.lock(directory), fromSequence, replay);
    }

    /** @param lock is freed with the log, or when that cannot be recovered */
    static Recovered recover(
            Path directory,
            LogOptions options,
            Storage storage,
            Storage.Lock lock,
            long fromSequence,
            RecordConsumer replay) {
        try {
            var segments = new SegmentDirectory(directory, storage);
            var replayed = new Recovery(segments, options, fromSequence, replay)
                    .readingAhead()
                    .run();
            var tail = replayed.opening().tail();
            var queue = new AppendQueue(options.queueRecords(), options.queueBytes());
            var acknowledger = new Acknowledger(queue, options.acknowledgements());
            var files = Executors.newSingleThreadExecutor(Thread.ofPlatform()
                    .name("wal-files-" + directory.getFileName())
                    .daemon()
                    .factory());
            var writer = new LogWriter(segments, options, queue, acknowledger, files, replayed.opening());
            var retention = new Retention(segments, replayed.firstSequence());
            var log = new SegmentedLog(directory, storage, options, queue, writer, retention, files, lock);
            try {
                writer.open();
            } catch (IOException | RuntimeException | Error e) {
                files.shutdown();
                SegmentDirectory.closeAfter(e, replayed.opening());
                throw e;
            }
            log.thread.start();
            return new Recovered(log, tail);
        } catch (IOException e) {
            if (storage.isNoSpace(e)) {
                var noSpace = new LogException.NoSpace(directory, e);
                release(lock, noSpace);
                throw noSpace;
            }
            var failed = new LogException.Failed(directory, "cannot recover " + directory + ": " + e, e);
            release(lock, failed);
            throw failed;
        } catch (RuntimeException | Error e) {
            release(lock, e);
            throw e;
        }
    }

    private static void release(Storage.Lock lock, Throwable cause) {
        try {
            lock.close();
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    @Override
    public CompletionStage<Long> append(List<Payload> payloads) {
        if (payloads.isEmpty()) {
            throw new IllegalArgumentException("nothing to append");
        }
        for (var payload : payloads) {
            int size = payload.size();
            if (size < 1 || size > maxPayloadBytes) {
                return CompletableFuture.failedFuture(new LogException.BadSize(size, maxPayloadBytes));
            }
        }
        var append = new Append(payloads);
        if (append.frames() > segmentBytes - SegmentHeader.SIZE) {
            return CompletableFuture.failedFuture(new LogException.BadSize(append, segmentBytes));
        }
        try {
            return queue.offer(append) ? append.outcome() : CompletableFuture.failedFuture(refusal());
        } catch (LogException.Saturated e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private LogException refusal() {
        return switch (health()) {
            case Health.Failed failed -> new LogException.Failed(directory, failed.reason(), null);
            case Health.Writable _, Health.Full _, Health.Closed _ -> new LogException.Closed(directory);
        };
    }

    @Override
    public void read(long fromSequence, RecordVisitor visitor) {
        LogReader.read(directory, fromSequence, storage, visitor, false);
    }

    @Override
    public long lastSequence() {
        return writer.lastSequence();
    }

    @Override
    public long firstSequence() {
        return retention.firstSequence();
    }

    @Override
    public List<Segment> segments() {
        return retention.segments();
    }

    @Override
    public long discardBefore(long sequence) {
        if (health() instanceof Health.Failed) {
            throw refusal();
        }
        // On a thread of the log's own: an interrupt of the caller's would close the files that it works on.
        var discarded = new CompletableFuture<Long>();
        try {
            files.execute(() -> {
                try {
                    retention.discardBefore(Math.min(sequence, lastSequence()));
                    discarded.complete(retention.firstSequence());
                } catch (IOException e) {
                    discarded.completeExceptionally(writer.failBecause(e));
                } catch (RuntimeException | Error e) {
                    discarded.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException _) {
            throw refusal();
        }
        try {
            return discarded.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof LogException known ? known : e;
        }
    }

    @Override
    public Health health() {
        return writer.health();
    }

    @Override
    public void close() {
        queue.close();
        Uninterrupted.await(thread::join);
        files.shutdown();
        Uninterrupted.await(() -> {
            var _ = files.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
        });
        try {
            lock.close();
        } catch (IOException e) {
            throw new LogException.Failed(directory, "cannot free " + directory + ": " + e, e);
        }
    }
}
