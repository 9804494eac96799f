package dev.ringfence.wal.log;

import io.smallrye.mutiny.Uni;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A record on its way into the log. The writer settles it, the acknowledger tells those who wait. */
final class Append {
    private final Payload payload;
    private final int size;
    private final CompletableFuture<Long> done = new CompletableFuture<>();
    private long sequence;
    private @Nullable Throwable failure;
    private boolean settled;

    Append(Payload payload, int size) {
        this.payload = payload;
        this.size = size;
    }

    int size() {
        return size;
    }

    byte[] after(byte[] previous) {
        var bytes = payload.after(previous);
        if (bytes.length != size) {
            throw new IllegalStateException("A payload said " + size + " bytes and gave " + bytes.length);
        }
        return bytes;
    }

    boolean isSettled() {
        return settled;
    }

    void succeed(long at) {
        sequence = at;
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
