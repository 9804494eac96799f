package dev.ringfence.wal.log;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Knows what a log was told and what it answered, over all its lives, and judges what it has recovered: what was
 * acknowledged is there, what is there was submitted, in that order and once, and what was refused is not there.
 */
final class Oracle {
    private final Map<String, Integer> submitted = new HashMap<>();
    private final TreeMap<Long, String> certain = new TreeMap<>();
    private final Set<String> refused = new HashSet<>();
    private long first = 1;
    private long firstAtMost = 1;

    void submitted(String text) {
        submitted.put(text, submitted.size());
    }

    void acknowledged(long sequence, String text) {
        var other = certain.put(sequence, text);
        if (other != null) {
            throw new AssertionError("record " + sequence + " was acknowledged twice: " + other + ", " + text);
        }
    }

    /** The log said that the record was not written. */
    void refused(String text) {
        refused.add(text);
    }

    /** What lies before the record may be gone from now on. */
    void discarding(long sequence) {
        firstAtMost = Math.max(firstAtMost, sequence);
    }

    void discarded(long newFirst) {
        first = Math.max(first, newFirst);
        require(first <= firstAtMost, "the log begins with " + first + ", and was asked for " + firstAtMost);
    }

    /** A recovery says that the log begins there; before the log can be written that need not be durable. */
    void beginsWith(long sequence) {
        require(
                sequence >= first && sequence <= firstAtMost,
                "the log begins with " + sequence + ", not between " + first + " and " + firstAtMost);
    }

    long lastCertain() {
        return certain.isEmpty() ? 0 : certain.lastKey();
    }

    /** Judges a recovery. */
    void judge(long from, List<String> texts) {
        var order = -1;
        for (int i = 0; i < texts.size(); i++) {
            var text = texts.get(i);
            var place = submitted.get(text);
            require(place != null, "record " + (from + i) + " was never submitted: " + text);
            require(!refused.contains(text), "record " + (from + i) + " was refused, and is there: " + text);
            require(place != null && place > order, "record " + (from + i) + " is out of order: " + text);
            order = place == null ? order : place;
        }
        var kept = new ArrayList<>(certain.tailMap(from).entrySet());
        for (var entry : kept) {
            var at = (int) (entry.getKey() - from);
            require(at < texts.size(), "record " + entry.getKey() + " is lost: " + entry.getValue());
            require(
                    texts.get(at).equals(entry.getValue()),
                    "record " + entry.getKey() + " is " + texts.get(at) + ", not " + entry.getValue());
        }
    }

    /** Judges a recovery; from now on all that it gave is certain. */
    void recovered(long from, List<String> texts) {
        judge(from, texts);
        certain(from, texts);
    }

    /** What a recovery gave is certain now. */
    void certain(long from, List<String> texts) {
        for (int i = 0; i < texts.size(); i++) {
            certain.put(from + i, texts.get(i));
        }
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
