package dev.ringfence.runner.engine;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Hangs up on a service that says nothing for too long. What it says while nobody listens, because a piece of the answer
 * is being passed on, is no silence of its. Thread-safe.
 */
final class Silence implements AutoCloseable {
    private final InputStream body;
    private final Alarms alarms;
    private final long allowed;

    // Guarded by this.
    private long heard = System.nanoTime();
    private boolean telling;
    private long lastWord;
    private @Nullable Long endBy;
    private boolean broke;
    private boolean over;
    private Alarms.@Nullable Alarm alarm;

    /** Begins to listen. */
    Silence(InputStream body, Duration allowed, Alarms alarms) {
        this.body = body;
        this.alarms = alarms;
        this.allowed = allowed.toNanos();
        listen(this.allowed);
    }

    /** The body, which ends with an error where it gets too long. */
    InputStream listening(long most) {
        return new Bounded(most);
    }

    /** The same listener, which may take its time. */
    GenerationListener patient(GenerationListener listener) {
        return event -> {
            telling(true);
            try {
                listener.heard(event);
            } finally {
                telling(false);
            }
        };
    }

    /**
     * Only a last word is waited for from here on, and not for longer than this. A piece of the answer is none: it is passed
     * on, and the time begins again.
     */
    synchronized void lastWord(Duration most) {
        if (endBy == null && !over) {
            lastWord = Math.min(most.toNanos(), allowed);
            endBy = System.nanoTime() + lastWord;
            silenceAlarm();
            listen(lastWord);
        }
    }

    /** Whether it has hung up. */
    synchronized boolean broke() {
        return broke;
    }

    private synchronized void heard() {
        heard = System.nanoTime();
    }

    private synchronized void telling(boolean begins) {
        telling = begins;
        heard = System.nanoTime();
        endBy = endBy == null ? null : (Long) (heard + lastWord);
    }

    /** One alarm for a whole stretch of events, which looks again when it rings. */
    private synchronized void listen(long nanos) {
        alarm = alarms.after(Duration.ofNanos(nanos), this::rings);
    }

    private void rings() {
        synchronized (this) {
            if (over) {
                return;
            }
            long left = telling ? allowed : (endBy == null ? heard + allowed : endBy) - System.nanoTime();
            if (left > 0) {
                listen(left);
                return;
            }
            broke = true;
        }
        close(body);
    }

    private void silenceAlarm() {
        if (alarm != null) {
            alarm.close();
        }
    }

    @Override
    public synchronized void close() {
        over = true;
        silenceAlarm();
    }

    private static void close(InputStream body) {
        try {
            body.close();
        } catch (IOException e) {
            // It is not read any more, which is all that was wanted.
        }
    }

    private final class Bounded extends HeardStream {
        private long left;

        Bounded(long most) {
            super(body);
            this.left = most;
        }

        @Override
        void heard(byte[] target, int offset, int count) throws IOException {
            Silence.this.heard();
            left -= count;
            if (left < 0) {
                throw new IOException("the answer is too long");
            }
        }
    }
}
