package dev.ringfence.runner.fence;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the processes of a job used of something, all together, also those that are gone.
 *
 * <p>A process takes what it used with it when its parent does not wait for it, and one that lives shorter than the time
 * between two looks may never be seen. So whoever is seen for the first time, and is at it, is taken for one of many: it
 * counts as if such ones had been there ever since the last look. What is counted too much of it is set off against what
 * it uses later, or against what its parent is told of it when it is gone. Used by one thread.
 */
final class Tally {
    /** What is left of it from look to look: a parent is told when the child disappears. */
    private static final double REMEMBERED = 0.5;

    private final Map<Integer, Counted> living = new HashMap<>();
    private double total;
    private double gone;
    private double told;

    /**
     * What a process shows.
     *
     * @param started tells it from others of the same number
     * @param own what it used itself
     * @param waited what the children that it has waited for used
     * @param assumed what is counted of it at least when it is seen for the first time
     */
    record Shown(int pid, long started, double own, double waited, double assumed) {}

    /** @param ahead what was counted of it beyond what it showed */
    private record Counted(long started, double own, double waited, double ahead) {
        double all() {
            return own + waited + ahead;
        }
    }

    /** Whether a process was there at the last look. */
    boolean knows(int pid, long started) {
        var known = living.get(pid);
        return known != null && known.started == started;
    }

    double total() {
        return total;
    }

    /**
     * Adds what has come since the last look.
     *
     * @param now all processes that are there
     */
    void add(List<Shown> now) {
        var before = new HashMap<>(living);
        living.clear();
        double waited = 0;
        for (var shown : now) {
            var last = before.get(shown.pid);
            if (last != null && last.started == shown.started) {
                before.remove(shown.pid);
                double own = Math.max(0, shown.own - last.own);
                double children = Math.max(0, shown.waited - last.waited);
                double ownAhead = Math.min(own, last.ahead);
                double childrenAhead = Math.min(children, last.ahead - ownAhead);
                total += own - ownAhead;
                waited += children - childrenAhead;
                living.put(
                        shown.pid,
                        new Counted(
                                shown.started,
                                Math.max(shown.own, last.own),
                                Math.max(shown.waited, last.waited),
                                last.ahead - ownAhead - childrenAhead));
            } else {
                double used = shown.own + shown.waited;
                double counted = Math.max(used, shown.assumed);
                total += counted;
                living.put(shown.pid, new Counted(shown.started, shown.own, shown.waited, counted - used));
            }
        }
        gone = gone * REMEMBERED
                + before.values().stream().mapToDouble(Counted::all).sum();
        // A parent may have been told of it just before it was looked at, after its child was.
        double late = Math.min(told, gone);
        double known = Math.min(waited, gone - late);
        gone -= late + known;
        told = waited - known;
        total += told - late;
    }
}
