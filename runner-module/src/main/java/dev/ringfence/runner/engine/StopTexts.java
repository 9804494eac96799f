package dev.ringfence.runner.engine;

import java.util.List;

/**
 * Ends a text that comes in pieces before the first of some others. What may be the beginning of one of those waits for
 * the next piece. Not for several threads.
 */
final class StopTexts {
    private final List<String> stops;
    private final StringBuilder held = new StringBuilder();
    private boolean reached;

    StopTexts(List<String> stops) {
        this.stops = List.copyOf(stops);
    }

    /** What can be passed on now; nothing once one was reached. */
    String accept(String piece) {
        if (reached) {
            return "";
        }
        held.append(piece);
        int end = stops.stream()
                .mapToInt(held::indexOf)
                .filter(found -> found >= 0)
                .min()
                .orElse(-1);
        reached = end >= 0;
        var text = held.substring(0, reached ? end : held.length() - beginning());
        held.delete(0, reached ? held.length() : text.length());
        return text;
    }

    /** How much of the end may be the beginning of one. */
    private int beginning() {
        int most = stops.stream().mapToInt(String::length).max().orElse(1) - 1;
        for (int length = Math.min(most, held.length()); length > 0; length--) {
            var end = held.substring(held.length() - length);
            if (stops.stream().anyMatch(stop -> stop.startsWith(end))) {
                return length;
            }
        }
        return 0;
    }

    /** What waits, when nothing more comes. */
    String rest() {
        var text = held.toString();
        held.setLength(0);
        return text;
    }

    boolean reached() {
        return reached;
    }
}
