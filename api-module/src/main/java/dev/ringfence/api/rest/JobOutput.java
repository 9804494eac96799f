package dev.ringfence.api.rest;

import dev.ringfence.api.job.JobView;
import dev.ringfence.wal.journal.BlobStore;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * All bytes of one of a job's outputs: from its file, or from the result when that shows them all.
 *
 * @param tag changes when the bytes do
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once; nothing compares outputs
record JobOutput(long length, String tag, @Nullable Path file, byte[] shown) {
    /**
     * Finds it.
     *
     * @throws NotThere if the job has no such output, or not yet
     */
    static JobOutput of(JobView job, String channel, BlobStore blobs) {
        if (!job.state().ended()) {
            throw new NotThere("job " + job.id() + " is " + job.state().word()
                    + "; its output is there when it has ended, and GET /api/v1/jobs/" + job.id()
                    + "/events streams it until then");
        }
        var blob = job.fate().blobs().stream()
                .filter(each -> each.name().equals(channel))
                .findFirst();
        if (blob.isPresent()) {
            return new JobOutput(blob.get().length(), blob.get().sha256(), blobs.file(blob.get()), new byte[0]);
        }
        var text = Optional.ofNullable(job.result())
                .map(result -> result.path(channel))
                .filter(node ->
                        node.isTextual() && job.result() != null && job.result().has(channel + "_bytes"))
                .orElseThrow(() -> new NotThere("job " + job.id() + " has no output \"" + channel + "\""));
        var bytes = text.textValue().getBytes(StandardCharsets.UTF_8);
        return new JobOutput(bytes.length, job.id() + "-" + channel, null, bytes);
    }

    /** There is no such output, or not yet. */
    static final class NotThere extends RuntimeException {
        private static final long serialVersionUID = 1L;

        NotThere(String message) {
            super(message);
        }
    }
}
