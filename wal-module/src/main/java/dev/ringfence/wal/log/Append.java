package dev.ringfence.wal.log;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Records on their way into the log, all of them or none. The writer settles it, the acknowledger tells those who wait. */
final class Append {
    private final List<Payload> payloads;
    private final CompletableFuture<Long> done = new CompletableFuture<>();
    private final long size;
    private final long frames;
    private long sequence;
    private @Nullable Throwable failure;
    private boolean settled;

    Append(List<Payload> payloads) {
        this.payloads = List.copyOf(payloads);
        long bytes = 0;
        long framed = 0;
        for (var payload : this.payloads) {
            bytes += payload.size();
            framed += Frame.sizeOf(payload.size());
        }
        size = bytes;
        frames = framed;
    }

    /** How many records. */
    int records() {
        return payloads.size();
    }

    /** The bytes of all of them. */
    long size() {
        return size;
    }

    /** How much of a segment they take together. */
    long frames() {
        return frames;
    }

    /** The bytes of all of them, when they follow a record. */
    List<byte[]> after(byte[] previous) {
        var all = new ArrayList<byte[]>(payloads.size());
        for (int i = 0; i < payloads.size(); i++) {
            var payload = payloads.get(i);
            var bytes = payload.after(all.isEmpty() ? previous : all.getLast());
            if (bytes.length != payload.size()) {
                throw new IllegalStateException("A payload said " + payload.size() + " bytes and gave " + bytes.length);
            }
            all.add(bytes);
        }
        return all;
    }

    boolean isSettled() {
        return settled;
    }

    /** @param last the sequence number of the last of them */
    void succeed(long last) {
        sequence = last;
        settled = true;
    }

    void fail(Throwable why) {
        failure = why;
        settled = true;
    }

    /** Runs the code of those who wait. */
    void tell() {
        if (failure == null) {
            done.complete(sequence);
        } else {
            done.completeExceptionally(failure);
        }
    }

    CompletionStage<Long> outcome() {
        return done;
    }
}
