package dev.ringfence.api.journal;

import dev.ringfence.wal.journal.Audited;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Brings into the journal who did what that is no job's event. The first refusal of a kind is told at once; those that the
 * same source gets within a window after it are told as one, with their number, at its end. Of so many sources that no
 * more are told apart, all others count as one: so a flood of strangers costs the disk a few events a window. Nothing here
 * waits for the disk. Thread-safe.
 */
public final class AuditTrail implements AutoCloseable {
    public static final Duration WINDOW = Duration.ofSeconds(10);

    static final int MOST_SOURCES = 16;
    private static final String OTHERS = "";

    private final Consumer<Audited> journal;
    private final ScheduledExecutorService clock;
    private final Duration window;
    /** Those that were refused something in this window or the one before. */
    private final Map<String, Repeats> sources = new HashMap<>();

    private boolean closed;

    /** What came after the first. */
    private static final class Repeats {
        private @Nullable Audited last;
        private long count;
    }

    /**
     * @param journal keeps what it is given, without waiting
     * @param clock runs the ends of windows
     */
    public AuditTrail(Consumer<Audited> journal, ScheduledExecutorService clock, Duration window) {
        this.journal = journal;
        this.clock = clock;
        this.window = window;
    }

    /** Something was done. */
    public void done(Audited act) {
        journal.accept(act);
    }

    /**
     * Something was refused.
     *
     * @param kind the same for refusals that may be told as one, when their source is the same
     */
    public synchronized void refused(String kind, Audited act) {
        var who = act.by() != null ? act.by() : act.from();
        var source = kind + " " + who;
        var repeats = sources.get(source);
        if (repeats == null && sources.size() < MOST_SOURCES) {
            if (sources.isEmpty()) {
                endWindowLater();
            }
            sources.put(source, new Repeats());
            journal.accept(act);
            return;
        }
        if (repeats == null) {
            repeats = sources.computeIfAbsent(OTHERS, _ -> new Repeats());
            repeats.last = new Audited(act.at(), act.action(), null, null, null, null, "of other callers", 1);
        } else {
            repeats.last = act;
        }
        repeats.count++;
    }

    private void endWindowLater() {
        if (!closed) {
            var _ = clock.schedule(this::endWindow, window.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private synchronized void endWindow() {
        // Whoever repeats it stays known, so that it gets one event a window.
        sources.values().removeIf(repeats -> repeats.count == 0);
        tellRepeats();
        if (!sources.isEmpty()) {
            endWindowLater();
        }
    }

    private void tellRepeats() {
        sources.values().forEach(repeats -> {
            if (repeats.last != null) {
                journal.accept(repeats.last.standingFor(repeats.count));
            }
            repeats.last = null;
            repeats.count = 0;
        });
    }

    /** What happens now. */
    public static Audited act(
            String action,
            @Nullable String by,
            @Nullable String from,
            @Nullable String agent,
            @Nullable String target,
            @Nullable String detail) {
        return new Audited(Instant.now(), action, by, from, agent, target, detail, 1);
    }

    /** Tells the repeats of the window that is under way. */
    @Override
    public synchronized void close() {
        closed = true;
        tellRepeats();
    }
}
