package dev.ringfence.runner.engine;

/**
 * What may be spent on looking at the schemas of one request, all together: a small schema can ask for endless looking, by
 * what refers to each other. Not for several threads.
 */
final class SchemaBudget {
    private final PatternWidth widths = new PatternWidth();

    /** Looks at a schema, or at a name in one, from another; so many take some tenths of a second. */
    private long looks = 400_000;

    /** Characters of patterns that stand for formats: of 1.4 MB of them, an engine took ten seconds to make a grammar. */
    private int texts = 64 * 1024;

    /** Whether there is room for a pattern that stands for a format, which is taken then. */
    boolean takes(String pattern) {
        boolean room = pattern.length() <= texts;
        if (room) {
            texts -= pattern.length();
        }
        return room;
    }

    /** As {@link PatternWidth#of}. */
    int width(String pattern) {
        return widths.of(pattern);
    }

    void spend(long more) {
        looks = Math.max(0, looks - more);
    }

    /** From then on all that is not known counts as too much. */
    boolean isSpent() {
        return looks == 0;
    }
}
