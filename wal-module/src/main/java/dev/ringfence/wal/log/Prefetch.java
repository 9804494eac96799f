package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Semaphore;

/**
 * Reads the segments of a log a little ahead of whoever checks them, so that the disk and the checking work at the same
 * time. It keeps nothing: the bytes stay in the kernel's memory. What it cannot read, the other will say.
 */
final class Prefetch implements AutoCloseable {
    private static final int SEGMENTS_AHEAD = 2;

    private final SegmentDirectory directory;
    private final List<SegmentHeader> headers;
    private final Semaphore ahead = new Semaphore(SEGMENTS_AHEAD);
    private final Thread thread;
    private volatile boolean closed;

    private Prefetch(SegmentDirectory directory, List<SegmentHeader> headers) {
        this.directory = directory;
        this.headers = headers;
        thread = Thread.ofPlatform()
                .name("wal-prefetch-" + directory.path().getFileName())
                .daemon()
                .unstarted(this::read);
    }

    static Prefetch of(SegmentDirectory directory, List<SegmentHeader> headers) {
        var prefetch = new Prefetch(directory, headers);
        if (headers.size() > 1) {
            prefetch.thread.start();
        }
        return prefetch;
    }

    /** Another segment has been checked. */
    void advance() {
        ahead.release();
    }

    private void read() {
        var buffer = ByteBuffer.allocateDirect(SegmentScan.WHOLE);
        for (var header : headers) {
            ahead.acquireUninterruptibly();
            try (var file = directory.storage().openToRead(directory.file(header.number()))) {
                for (long at = 0; at < header.size() && !closed; at += buffer.capacity()) {
                    file.read(buffer.clear(), at);
                }
            } catch (IOException _) {
                return;
            }
            if (closed) {
                return;
            }
        }
    }

    /** When it returns, no file is open any more. */
    @Override
    public void close() {
        closed = true;
        ahead.release(headers.size());
        Uninterrupted.await(thread::join);
    }
}
