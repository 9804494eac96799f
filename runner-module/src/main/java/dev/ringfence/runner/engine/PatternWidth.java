package dev.ringfence.runner.engine;

import dev.ringfence.runner.engine.GrammarPattern.Node;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * At how many places of a pattern a text may be at the same time: llama.cpp goes on with each of them for each token, and
 * compares each with each. A pattern with a count over what may be empty has many, and one that is written out has few,
 * however long it is: {@code [a-z]{1,1000}} has one at a time. Found by walking through all texts, as far as a budget goes.
 * Not for several threads.
 */
final class PatternWidth {
    /** With 64 places, a token took 5 ms of one processor with llama.cpp 0.7.0 and a small vocabulary; with 300, seconds. */
    static final int WIDEST = 64;

    private static final int TOO_WIDE = Integer.MAX_VALUE;
    private static final int MOST_PLACES = 2000;
    private static final int FIRST_CHARACTER = ' ';
    private static final int LAST_CHARACTER = '~';

    /** For all patterns of a request together; a walk of so many steps takes up to some tenths of a second. */
    private int steps = 100_000;

    /** Forms often have the same pattern for many fields. */
    private final Map<String, Integer> known = new HashMap<>();

    /** One pattern's places: what each allows, and where a text may be after it. */
    private final class Places {
        private final List<BitSet> allowed = new ArrayList<>();
        private final List<BitSet> next = new ArrayList<>();

        /** One character for all that the same places allow. */
        private List<Integer> characters() {
            var classes = new HashSet<>(allowed);
            spend(classes.size());
            var one = new LinkedHashMap<List<Boolean>, Integer>();
            for (int character = FIRST_CHARACTER; character <= LAST_CHARACTER; character++) {
                int tried = character;
                one.putIfAbsent(classes.stream().map(some -> some.get(tried)).toList(), character);
            }
            return List.copyOf(one.values());
        }

        int add(BitSet characters) {
            spend(1);
            if (allowed.size() == MOST_PLACES) {
                throw new TooWide();
            }
            allowed.add(characters);
            next.add(new BitSet());
            return allowed.size() - 1;
        }
    }

    /** A part of a pattern: where its texts begin and end. */
    private record Part(BitSet first, BitSet last, boolean maybeEmpty) {}

    private static final class TooWide extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TooWide() {
            super("too wide", null, false, false);
        }
    }

    /**
     * {@link Integer#MAX_VALUE} when it is more than {@link #WIDEST}, or too much to find out, or when a grammar does not
     * hold a model to the pattern at all.
     */
    int of(String pattern) {
        if (steps < 0) {
            return TOO_WIDE;
        }
        return known.computeIfAbsent(pattern, text -> {
            var read = GrammarPattern.parse(text);
            return read == null ? TOO_WIDE : of(read);
        });
    }

    private int of(Node pattern) {
        try {
            var places = new Places();
            var whole = part(pattern, places);
            return widest(whole.first(), places);
        } catch (TooWide e) {
            return TOO_WIDE;
        }
    }

    private void spend(int more) {
        steps -= more;
        if (steps < 0) {
            throw new TooWide();
        }
    }

    private Part part(Node node, Places places) {
        spend(1);
        return switch (node) {
            case Node.Characters(var allowed) -> {
                var place = new BitSet();
                place.set(places.add(allowed));
                yield new Part(place, place, false);
            }
            case Node.Sequence(var parts) -> {
                var all = new Part(new BitSet(), new BitSet(), true);
                for (var one : parts) {
                    all = then(all, part(one, places), places);
                }
                yield all;
            }
            case Node.Either(var branches) -> {
                var either = new Part(new BitSet(), new BitSet(), false);
                for (var one : branches) {
                    var branch = part(one, places);
                    either = new Part(
                            bounded(union(either.first(), branch.first())),
                            union(either.last(), branch.last()),
                            either.maybeEmpty() || branch.maybeEmpty());
                }
                yield either;
            }
            case Node.Count count -> repeated(count, places);
        };
    }

    /** As llama.cpp does it: {@code a{1,3}} is {@code a(a(a)?)?}, and {@code a{2,}} is {@code aaa*}. */
    private Part repeated(Node.Count count, Places places) {
        var rest = new Part(new BitSet(), new BitSet(), true);
        if (!count.bounded()) {
            rest = optional(part(count.what(), places));
            connect(rest.last(), rest.first(), places);
        }
        for (int i = count.most(); i > count.least(); i--) {
            rest = optional(then(part(count.what(), places), rest, places));
        }
        for (int i = 0; i < count.least(); i++) {
            rest = then(part(count.what(), places), rest, places);
        }
        return rest;
    }

    private static Part optional(Part part) {
        return new Part(part.first(), part.last(), true);
    }

    private Part then(Part before, Part after, Places places) {
        connect(before.last(), after.first(), places);
        return new Part(
                before.maybeEmpty() ? bounded(union(before.first(), after.first())) : before.first(),
                after.maybeEmpty() ? union(before.last(), after.last()) : after.last(),
                before.maybeEmpty() && after.maybeEmpty());
    }

    private void connect(BitSet ends, BitSet begins, Places places) {
        for (int end = ends.nextSetBit(0); end >= 0; end = ends.nextSetBit(end + 1)) {
            spend(1);
            places.next.get(end).or(begins);
            bounded(places.next.get(end));
        }
    }

    private static BitSet union(BitSet one, BitSet other) {
        var both = (BitSet) one.clone();
        both.or(other);
        return both;
    }

    private static BitSet bounded(BitSet together) {
        if (together.cardinality() > WIDEST) {
            throw new TooWide();
        }
        return together;
    }

    private int widest(BitSet first, Places places) {
        var seen = new HashSet<BitSet>();
        var open = new ArrayDeque<BitSet>();
        seen.add(first);
        open.add(first);
        var characters = places.characters();
        int widest = 1;
        while (!open.isEmpty()) {
            var here = open.remove();
            spend((1 + here.cardinality()) * Math.max(1, characters.size() / 8));
            widest = Math.max(widest, here.cardinality());
            for (var there : after(here, characters, places)) {
                if (seen.add(bounded(there))) {
                    open.add(there);
                }
            }
        }
        return widest;
    }

    /** Where a text may be after one more character. */
    private static List<BitSet> after(BitSet here, List<Integer> characters, Places places) {
        var after = new ArrayList<BitSet>();
        for (int character : characters) {
            var next = new BitSet();
            for (int place = here.nextSetBit(0); place >= 0; place = here.nextSetBit(place + 1)) {
                if (places.allowed.get(place).get(character)) {
                    next.or(places.next.get(place));
                }
            }
            after.add(next);
        }
        return after;
    }
}
