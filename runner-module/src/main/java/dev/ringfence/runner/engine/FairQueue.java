package dev.ringfence.runner.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongPredicate;

/**
 * Who waits, fair between agents: each agent has a queue of its own, and they take turns, so an agent that asks much
 * waits for itself and not others for it. Not for several threads.
 *
 * @param <R> what waits
 */
final class FairQueue<R> {
    /** In the order of their turns. */
    private final Map<String, Deque<Entry<R>>> agents = new LinkedHashMap<>();

    private int size;

    private record Entry<R>(R request, long arrival) {}

    /** @param arrival counts up over all queues */
    void add(String agent, R request, long arrival) {
        agents.computeIfAbsent(agent, _ -> new ArrayDeque<>()).add(new Entry<>(request, arrival));
        size++;
    }

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** How many of an agent wait. */
    int size(String agent) {
        var queue = agents.get(agent);
        return queue == null ? 0 : queue.size();
    }

    /**
     * Whether one more has no room. A quarter of the queue is left for other agents than the busiest one.
     *
     * @param queue how many may wait
     * @param free how many more would not have to
     */
    boolean full(String agent, int queue, int free) {
        int room = queue + free;
        return size >= room || size(agent) >= room - queue / 4;
    }

    /** The next one in turn whose arrival is accepted. */
    Optional<R> poll(LongPredicate accepted) {
        var turn = agents.entrySet().stream()
                .filter(entry -> accepted.test(entry.getValue().element().arrival()))
                .findFirst();
        if (turn.isEmpty()) {
            return Optional.empty();
        }
        var agent = turn.get().getKey();
        var queue = turn.get().getValue();
        // To the end of the line, if there is more to come.
        agents.remove(agent);
        var next = queue.remove();
        size--;
        if (!queue.isEmpty()) {
            agents.put(agent, queue);
        }
        return Optional.of(next.request());
    }

    /** Whether it waited. */
    boolean remove(R request) {
        for (Iterator<Deque<Entry<R>>> all = agents.values().iterator(); all.hasNext(); ) {
            var queue = all.next();
            if (queue.removeIf(entry -> entry.request().equals(request))) {
                size--;
                if (queue.isEmpty()) {
                    all.remove();
                }
                return true;
            }
        }
        return false;
    }

    /** When the oldest came; the largest number when nobody waits. */
    long oldest() {
        return agents.values().stream()
                .mapToLong(queue -> queue.element().arrival())
                .min()
                .orElse(Long.MAX_VALUE);
    }

    /** All, in the order in which they would be served if nothing else came. */
    List<R> inOrder() {
        var left = new ArrayList<Iterator<Entry<R>>>();
        agents.values().forEach(queue -> left.add(queue.iterator()));
        var order = new ArrayList<R>(size);
        while (!left.isEmpty()) {
            left.removeIf(queue -> !queue.hasNext());
            left.forEach(queue -> order.add(queue.next().request()));
        }
        return order;
    }

    /** Takes out all. */
    List<R> drain() {
        var all = inOrder();
        agents.clear();
        size = 0;
        return all;
    }
}
