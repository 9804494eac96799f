package dev.ringfence.api.job;

import dev.ringfence.runner.capability.OutputFiles;
import dev.ringfence.wal.journal.BlobRef;
import dev.ringfence.wal.journal.BlobStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jboss.logging.Logger;

/**
 * One job's output on its way into the journal's blobs. What is finished is held until the job's end is durable, or
 * will never be. Thread-safe.
 */
final class JobOutputs implements OutputFiles, AutoCloseable {
    private static final Logger LOG = Logger.getLogger(JobOutputs.class);

    private final BlobStore blobs;
    private final List<BlobRef> finished = new ArrayList<>();
    private boolean closed;

    JobOutputs(BlobStore blobs) {
        this.blobs = blobs;
    }

    @Override
    public OutputFile begin(String channel) {
        return new Output(blobs.write(channel));
    }

    /** What the job's end is to name. */
    synchronized List<BlobRef> finished() {
        return List.copyOf(finished);
    }

    /** The job's end is durable, or will never be. */
    @Override
    public synchronized void close() {
        closed = true;
        finished.forEach(blobs::release);
        finished.clear();
    }

    private synchronized void finish(BlobRef blob) {
        if (closed) {
            blobs.release(blob);
        } else {
            finished.add(blob);
        }
    }

    private final class Output implements OutputFile {
        private final BlobStore.Writer writer;

        Output(BlobStore.Writer writer) {
            this.writer = writer;
        }

        @Override
        public void write(byte[] bytes, int offset, int count) throws IOException {
            writer.write(bytes, offset, count);
        }

        @Override
        public void finish() throws IOException {
            JobOutputs.this.finish(writer.finish());
        }

        @Override
        public void giveUp() {
            try {
                writer.close();
            } catch (UncheckedIOException e) {
                LOG.warnf("an unfinished output stays behind until the next start: %s", e.getMessage());
            }
        }
    }
}
