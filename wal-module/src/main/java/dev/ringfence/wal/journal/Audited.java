package dev.ringfence.wal.journal;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An act of someone that is no job's event, such as a refusal or a change of the catalog. It belongs to no job, changes
 * nothing about any, and never holds a secret. Longer texts are cut to {@value #LONGEST} characters.
 *
 * @param action what was done or refused: a stable word, such as {@code refused} or {@code catalog_reloaded}
 * @param by the name of the credential that was used, if one was
 * @param from the address that the request came from, if it came over the network
 * @param agent in whose name, or whose thing it was, if that is known
 * @param target what it was done to
 * @param detail what else there is to say
 * @param count how many such acts this one stands for; at least 1
 */
public record Audited(
        Instant at,
        String action,
        @Nullable String by,
        @Nullable String from,
        @Nullable String agent,
        @Nullable String target,
        @Nullable String detail,
        long count)
        implements JournalEvent {
    static final String TYPE = "audited";

    /** Much of it comes from strangers. */
    static final int LONGEST = 500;

    public Audited {
        at = at.truncatedTo(ChronoUnit.MILLIS);
        action = Objects.requireNonNull(text(action));
        by = text(by);
        from = text(from);
        agent = text(agent);
        target = text(target);
        detail = text(detail);
        if (count < 1) {
            throw new IllegalArgumentException("count is " + count + "; it must be at least 1");
        }
    }

    /** This act, and others like it that are not told each for itself. */
    public Audited standingFor(long acts) {
        return new Audited(at, action, by, from, agent, target, detail, acts);
    }

    @Override
    public String type() {
        return TYPE;
    }

    /** Half a character cannot be encoded, be it the caller's or left by the cut. */
    private static @Nullable String text(@Nullable String text) {
        return text == null
                ? null
                : new String(
                        text.substring(0, Math.min(text.length(), LONGEST)).getBytes(StandardCharsets.UTF_8),
                        StandardCharsets.UTF_8);
    }
}
