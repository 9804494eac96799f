package dev.ringfence.wal.log;

import io.smallrye.mutiny.Uni;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Records on their way into the log, all of them or none. The writer settles it, the acknowledger tells those who wait. */
final class Append {
    private final List<Payload> payloads;
    private final List<Integer> sizes;
    private final CompletableFuture<Long> done = new CompletableFuture<>();
    private long sequence;
    private @Nullable Throwable failure;
    private boolean settled;

    Append(List<Payload> payloads) {
        this.payloads = List.copyOf(payloads);
        sizes = this.payloads.stream().map(Payload::size).toList();
    }

    /** How many records. */
    int records() {
        return sizes.size();
    }

    /** The bytes of each. */
    List<Integer> sizes() {
        return sizes;
    }

    long size() {
        return sizes.stream().mapToLong(Integer::longValue).sum();
    }

    /** How much of a segment they take together. */
    long frames() {
        return sizes.stream().mapToLong(Frame::sizeOf).sum();
    }

    /** The bytes of all of them, when they follow a record. */
    List<byte[]> after(byte[] previous) {
        var all = new ArrayList<byte[]>(payloads.size());
        for (int i = 0; i < payloads.size(); i++) {
            var bytes = payloads.get(i).after(all.isEmpty() ? previous : all.getLast());
            if (bytes.length != sizes.get(i)) {
                throw new IllegalStateException("A payload said " + sizes.get(i) + " bytes and gave " + bytes.length);
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

    Uni<Long> outcome() {
        return Uni.createFrom().emitter(emitter -> {
            var _ = done.whenComplete((at, why) -> {
                if (why == null) {
                    emitter.complete(at);
                } else {
                    emitter.fail(why);
                }
            });
        });
    }
}
