package dev.ringfence.runner.process;

import java.util.Objects;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** Where a source's pieces wait for the keeper, one at a time. Thread-safe. */
final class InputPieces implements Flow.Subscriber<byte[]> {
    private final Flow.Publisher<byte[]> source;
    private final Runnable wake;
    private Flow.@Nullable Subscription subscription;
    private byte @Nullable [] piece;
    private @Nullable Throwable failure;
    private boolean completed;
    private boolean over;

    /** @param wake tells the keeper that something has come */
    InputPieces(Flow.Publisher<byte[]> source, Runnable wake) {
        this.source = source;
        this.wake = wake;
    }

    /** Asks for the first piece. Whatever the source does in that, the caller goes on. */
    void begin() {
        Thread.ofVirtual().name("input").start(() -> {
            try {
                source.subscribe(this);
            } catch (RuntimeException e) {
                onError(e);
            }
        });
    }

    @Override
    public void onSubscribe(Flow.Subscription given) {
        boolean unwanted;
        synchronized (this) {
            unwanted = over || subscription != null;
            if (!unwanted) {
                subscription = given;
            }
        }
        if (unwanted) {
            given.cancel();
        } else {
            given.request(1);
        }
    }

    @Override
    public void onNext(byte[] next) {
        synchronized (this) {
            if (piece != null) {
                failure = new IllegalStateException("more came than was asked for");
            } else {
                piece = Objects.requireNonNull(next);
            }
        }
        wake.run();
    }

    @Override
    public void onError(Throwable why) {
        synchronized (this) {
            if (!over && failure == null) {
                failure = why;
            }
        }
        wake.run();
    }

    @Override
    public void onComplete() {
        synchronized (this) {
            completed = true;
        }
        wake.run();
    }

    /** Why the source gave no more, if that is not its end; nothing when it was told to give no more. */
    synchronized @Nullable Throwable failure() {
        return failure;
    }

    /** Whether there is something to send, or nothing will come any more. */
    synchronized boolean ready() {
        return piece != null || completed;
    }

    /** The piece that waits, if one does. The source is not asked for another one yet. */
    synchronized byte @Nullable [] piece() {
        return piece;
    }

    /** The piece has gone. False when it was the last one. */
    boolean next() {
        Flow.Subscription asked;
        synchronized (this) {
            piece = null;
            asked = completed || over ? null : subscription;
        }
        if (asked == null) {
            return false;
        }
        Thread.ofVirtual().name("input").start(() -> {
            try {
                asked.request(1);
            } catch (RuntimeException e) {
                onError(e);
            }
        });
        return true;
    }

    /** Nobody reads any more. */
    void end() {
        Flow.Subscription cancelled;
        synchronized (this) {
            cancelled = over || completed ? null : subscription;
            over = true;
            piece = null;
        }
        if (cancelled != null) {
            Thread.ofVirtual().name("input").start(cancelled::cancel);
        }
    }
}
