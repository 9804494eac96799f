package dev.ringfence.wal.journal;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import org.jspecify.annotations.Nullable;

/** Summaries of ended jobs as bytes. The layout is in the package's description. */
final class RowCodec {
    private static final long NO_TIME = Long.MIN_VALUE;

    private RowCodec() {}

    static byte[] encode(JobSummary job) {
        var bytes = new ByteArrayOutputStream(256);
        try (var out = new DataOutputStream(bytes)) {
            out.writeLong(job.firstSequence());
            out.writeLong(job.endSequence());
            out.writeLong(job.lastSequence());
            out.writeLong(job.submittedAt().toEpochMilli());
            out.writeLong(time(job.startedAt()));
            out.writeLong(time(job.endedAt()));
            out.writeLong(job.deadline().toMillis());
            out.writeInt(job.attempts());
            out.writeInt(job.retries());
            out.writeBoolean(job.rolledBack());
            text(out, job.jobId());
            text(out, job.agent());
            text(out, job.session());
            text(out, job.capability());
            text(out, job.profile());
            text(out, job.idempotencyKey());
            // Rows have room for a hash of the request here, which was written once and never read.
            text(out, null);
            text(out, job.state());
            text(out, job.tier());
            text(out, job.reason());
            text(out, job.message());
            out.writeInt(job.blobs().size());
            for (var blob : job.blobs()) {
                text(out, blob.name());
                text(out, blob.sha256());
                out.writeLong(blob.length());
            }
        } catch (IOException e) {
            throw new UncheckedIOException("memory does not fail", e);
        }
        return bytes.toByteArray();
    }

    /** @throws IllegalArgumentException if the bytes are no row */
    static JobSummary decode(ByteBuffer row) {
        try {
            var firstSequence = row.getLong();
            var endSequence = row.getLong();
            var lastSequence = row.getLong();
            var submittedAt = Instant.ofEpochMilli(row.getLong());
            var startedAt = time(row.getLong());
            var endedAt = time(row.getLong());
            var deadline = Duration.ofMillis(row.getLong());
            var attempts = row.getInt();
            var retries = row.getInt();
            var rolledBack = row.get() != 0;
            var id = required(row);
            var agent = required(row);
            var session = text(row);
            var capability = required(row);
            var profile = required(row);
            var key = text(row);
            text(row);
            var state = required(row);
            var tier = text(row);
            var reason = text(row);
            var message = text(row);
            var blobs = new ArrayList<BlobRef>();
            for (int left = row.getInt(); left > 0; left--) {
                blobs.add(new BlobRef(required(row), required(row), row.getLong()));
            }
            return new JobSummary(
                    id,
                    agent,
                    session,
                    capability,
                    profile,
                    deadline,
                    retries,
                    key,
                    state,
                    submittedAt,
                    startedAt,
                    endedAt,
                    attempts,
                    tier,
                    reason,
                    message,
                    rolledBack,
                    blobs,
                    firstSequence,
                    endSequence,
                    lastSequence);
        } catch (BufferUnderflowException | DateTimeException e) {
            throw new IllegalArgumentException("not a row: " + e, e);
        }
    }

    private static long time(@Nullable Instant time) {
        return time == null ? NO_TIME : time.toEpochMilli();
    }

    private static @Nullable Instant time(long millis) {
        return millis == NO_TIME ? null : Instant.ofEpochMilli(millis);
    }

    private static void text(DataOutputStream out, @Nullable String text) throws IOException {
        if (text == null) {
            out.writeInt(-1);
            return;
        }
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static String required(ByteBuffer row) {
        var text = text(row);
        if (text == null) {
            throw new IllegalArgumentException("not a row: a text is missing");
        }
        return text;
    }

    private static @Nullable String text(ByteBuffer row) {
        var length = row.getInt();
        if (length == -1) {
            return null;
        }
        if (length < 0 || length > row.remaining()) {
            throw new IllegalArgumentException("not a row: a text of " + length + " bytes");
        }
        var text =
                StandardCharsets.UTF_8.decode(row.slice(row.position(), length)).toString();
        row.position(row.position() + length);
        return text;
    }
}
