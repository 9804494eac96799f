package dev.ringfence.api.job;

import dev.ringfence.catalog.AgentGrants;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeSet;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Who may come in, and whose turn it is. Each agent has a queue of its own, which is bounded, as is their sum. A slot
 * that gets free goes to the agent that holds the fewest for its weight; of equals to the one that has waited the longest
 * since it came in or held one, so none waits for ever, however much others ask for, and however often they come anew.
 *
 * <p>Thread-safe. Waiting blocks; meant for virtual threads.
 */
final class Admission {
    private static final long MINUTE = Duration.ofMinutes(1).toNanos();
    private static final Duration SOON = Duration.ofSeconds(1);

    private final int slots;
    private final long room;
    private final int roomOfOne;
    private final long memory;
    private final Map<String, Integer> ofCapability;
    private final Terms terms;
    private final LongSupplier clock;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition allFree = lock.newCondition();
    private final Map<String, Agent> agents = new HashMap<>();
    private final Map<String, Integer> running = new HashMap<>();
    private int admitted;
    private long bytes;
    private int busy;
    private long turns;

    /** What is known of one agent. */
    private static final class Agent {
        private final TreeSet<Ticket> waiting =
                new TreeSet<>(Comparator.comparingInt((Ticket ticket) -> -ticket.priority)
                        .thenComparingLong(ticket -> ticket.number));
        private int admitted;
        private int running;
        private long bytes;

        /** When it got a slot, gave one back or came in, whatever was last. */
        private long lastTurn;

        /** When the submissions so far are paid for, at the agent's rate. */
        private long paidAt;

        private boolean rated;
    }

    /** One job's place; its holder closes it, whatever becomes of the job. */
    final class Ticket implements AutoCloseable {
        private final String agent;
        private final String capability;
        private final int priority;
        private final long bytes;
        private final long number;
        private final Condition turn = lock.newCondition();
        private boolean hasTurn;
        private boolean closed;

        private Ticket(String agent, String capability, int priority, long bytes, long number) {
            this.agent = agent;
            this.capability = capability;
            this.priority = priority;
            this.bytes = bytes;
            this.number = number;
        }

        /** Takes a slot if it is the job's turn at once; otherwise it waits for none. */
        boolean takesTurn() {
            lock.lock();
            try {
                var mine = agents.get(agent);
                if (mine != null) {
                    mine.waiting.add(this);
                    handOut();
                    mine.waiting.remove(this);
                }
                return hasTurn;
            } finally {
                lock.unlock();
            }
        }

        /** Returns when the job has a slot. */
        void awaitTurn() throws InterruptedException {
            lock.lockInterruptibly();
            try {
                var mine = agents.get(agent);
                if (mine != null) {
                    mine.waiting.add(this);
                }
                handOut();
                while (!hasTurn) {
                    turn.await();
                }
            } finally {
                lock.unlock();
            }
        }

        /** How many of the agent's jobs have their turn before this one, and one; empty when it does not wait. */
        OptionalInt position() {
            lock.lock();
            try {
                var mine = agents.get(agent);
                // Also of one that comes into the queue only now.
                return mine == null || hasTurn || closed
                        ? OptionalInt.empty()
                        : OptionalInt.of(mine.waiting.headSet(this).size() + 1);
            } finally {
                lock.unlock();
            }
        }

        /** Gives back the slot, or the place in the queue. A second call does nothing. */
        @Override
        public void close() {
            lock.lock();
            try {
                if (closed) {
                    return;
                }
                closed = true;
                leave(this);
            } finally {
                lock.unlock();
            }
        }
    }

    /**
     * With nothing inside yet.
     *
     * @param slots jobs whose work is under way at the same time
     * @param queue jobs that may wait for that, of all agents
     * @param queueOfOne jobs of one agent that may wait, unless its grants say otherwise
     * @param memory bytes that the jobs inside may take of the heap; half of that those of one agent, unless it is a single
     *     job
     * @param ofCapability how many of a capability's jobs may be under way at the same time; others have no such limit
     * @param terms with the limits that agents have of their own
     * @param clock nanoseconds, monotonic
     */
    Admission(
            int slots,
            int queue,
            int queueOfOne,
            long memory,
            Map<String, Integer> ofCapability,
            Terms terms,
            LongSupplier clock) {
        this.slots = slots;
        this.room = (long) slots + queue;
        this.roomOfOne = queueOfOne;
        this.memory = memory;
        this.ofCapability = Map.copyOf(ofCapability);
        this.terms = terms;
        this.clock = clock;
    }

    /**
     * Lets a job in.
     *
     * @param size bytes that it takes of the heap
     * @throws AdmissionException.Invalid when there never is room for so large a one
     * @throws AdmissionException.Unavailable when there is no room for anyone
     * @throws AdmissionException.TooMany when the agent has used up its share
     */
    Ticket admit(String agent, String capability, int priority, long size) {
        lock.lock();
        try {
            if (admitted >= room) {
                throw new AdmissionException.Unavailable(
                        "saturated",
                        room + " jobs are running or waiting, and there is no room for more"
                                + " (ringfence.jobs.concurrency, ringfence.jobs.queue)",
                        SOON);
            }
            var limits = limits(agent);
            var known = agents.get(agent);
            int queued = known == null ? 0 : known.admitted - known.running;
            int most = limits.maxQueued().orElse(roomOfOne);
            if (queued - most >= free(agent, limits)) {
                throw new AdmissionException.TooMany(
                        "queue-full",
                        queued + " jobs of agent " + agent + " are waiting, and no more than " + most + " may ("
                                + (limits.maxQueued().isPresent()
                                        ? "agents." + agent + ".max_queued"
                                        : "ringfence.jobs.queue-of-agent")
                                + ")",
                        SOON);
            }
            requireMemory(agent, known, size);
            pay(agent, limits);
            return enter(agent, capability, priority, size);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Counts what a job would do as a submission of its agent, and lets nothing in.
     *
     * @param size bytes that the job would take of the heap
     * @throws AdmissionException.Invalid when there never is room for so large a one
     * @throws AdmissionException.TooMany when the agent is too fast
     */
    void charge(String agent, long size) {
        lock.lock();
        try {
            requirePossible(size);
            pay(agent, limits(agent));
        } finally {
            lock.unlock();
        }
    }

    /** Lets a job in that was admitted before a restart. */
    Ticket readmit(String agent, String capability, int priority, long size) {
        lock.lock();
        try {
            return enter(agent, capability, priority, size);
        } finally {
            lock.unlock();
        }
    }

    /** Jobs that are running or waiting. */
    int live() {
        lock.lock();
        try {
            return admitted;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until no slot is held; false when that took too long. */
    boolean awaitIdle(Duration limit) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = limit.toNanos();
            while (busy > 0) {
                if (left <= 0) {
                    return false;
                }
                left = allFree.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    private AgentGrants limits(String agent) {
        return terms.grants(agent).orElseGet(() -> AgentGrants.unrestricted(agent));
    }

    /** How many slots the agent could take now; those of its jobs that are about to take them are not waiting for long. */
    private int free(String agent, AgentGrants limits) {
        var known = agents.get(agent);
        int mine = known == null ? 0 : known.running;
        return Math.max(0, Math.min(slots - busy, limits.maxConcurrent().orElse(slots) - mine));
    }

    private void requirePossible(long size) {
        if (size > memory) {
            throw new AdmissionException.Invalid(
                    "arguments-too-large",
                    "the arguments take " + size + " bytes of memory, and those of all jobs together may take " + memory
                            + " (ringfence.jobs.memory-budget); send less, or make it several jobs");
        }
    }

    private void requireMemory(String agent, @Nullable Agent known, long size) {
        requirePossible(size);
        if (size > memory - bytes) {
            throw new AdmissionException.Unavailable(
                    "saturated",
                    "the arguments of jobs that run or wait take " + bytes
                            + " bytes of memory, and there is no room for " + size
                            + " more (ringfence.jobs.memory-budget is " + memory + ")",
                    SOON);
        }
        if (known != null && known.admitted > 0 && size > memory / 2 - known.bytes) {
            throw new AdmissionException.TooMany(
                    "queue-full",
                    "the arguments of the jobs of agent " + agent + " that run or wait take " + known.bytes
                            + " bytes of memory, and with " + size + " more they would take more than " + memory / 2
                            + " (half of ringfence.jobs.memory-budget)",
                    SOON);
        }
    }

    /** A submission costs a share of a minute; an agent may run up to a minute ahead. */
    private void pay(String agent, AgentGrants limits) {
        if (limits.jobsPerMinute().isEmpty()) {
            return;
        }
        int rate = limits.jobsPerMinute().getAsInt();
        var known = agents.computeIfAbsent(agent, _ -> new Agent());
        long now = clock.getAsLong();
        if (!known.rated || known.paidAt - now < 0) {
            known.paidAt = now;
            known.rated = true;
        }
        long price = rate == 0 ? MINUTE : MINUTE / rate;
        long ahead = known.paidAt + price - now;
        if (rate == 0 || ahead > MINUTE) {
            throw new AdmissionException.TooMany(
                    "rate-limited",
                    "agent " + agent + " may submit " + rate + " jobs a minute (agents." + agent + ".jobs_per_minute)",
                    Duration.ofNanos(rate == 0 ? MINUTE : ahead - MINUTE));
        }
        known.paidAt += price;
    }

    private Ticket enter(String agent, String capability, int priority, long size) {
        var known = agents.computeIfAbsent(agent, _ -> new Agent());
        long number = ++turns;
        if (known.admitted == 0) {
            known.lastTurn = number;
        }
        known.admitted++;
        known.bytes += size;
        admitted++;
        bytes += size;
        return new Ticket(agent, capability, priority, size, number);
    }

    private void leave(Ticket ticket) {
        var known = agents.get(ticket.agent);
        if (known == null) {
            throw new IllegalStateException("a job of " + ticket.agent + " left that had not come in");
        }
        admitted--;
        bytes -= ticket.bytes;
        known.admitted--;
        known.bytes -= ticket.bytes;
        if (ticket.hasTurn) {
            known.lastTurn = ++turns;
            busy--;
            known.running--;
            running.merge(ticket.capability, -1, Integer::sum);
            if (busy == 0) {
                allFree.signalAll();
            }
        } else {
            known.waiting.remove(ticket);
        }
        // One with a rate is remembered for its sake; there are no more of those than the catalog names.
        if (known.admitted == 0 && !known.rated) {
            agents.remove(ticket.agent);
        }
        handOut();
    }

    private void handOut() {
        while (busy < slots) {
            var next = next();
            if (next == null) {
                return;
            }
            var agent = agents.get(next.agent);
            if (agent == null) {
                throw new IllegalStateException("a job waits whose agent " + next.agent + " has left");
            }
            agent.waiting.remove(next);
            agent.running++;
            agent.lastTurn = ++turns;
            busy++;
            running.merge(next.capability, 1, Integer::sum);
            next.hasTurn = true;
            next.turn.signal();
        }
    }

    private @Nullable Ticket next() {
        Ticket best = null;
        double fewest = 0;
        long longestAgo = 0;
        for (var entry : agents.entrySet()) {
            var agent = entry.getValue();
            if (agent.waiting.isEmpty()) {
                continue;
            }
            var limits = limits(entry.getKey());
            if (agent.running >= limits.maxConcurrent().orElse(slots)) {
                continue;
            }
            double held = (double) agent.running / limits.weight();
            boolean before = best == null || held < fewest || (held == fewest && agent.lastTurn < longestAgo);
            var ticket = before ? eligible(agent) : null;
            if (ticket != null) {
                best = ticket;
                fewest = held;
                longestAgo = agent.lastTurn;
            }
        }
        return best;
    }

    /** The first of an agent's jobs whose capability is not under way as often as it may be. */
    private @Nullable Ticket eligible(Agent agent) {
        for (var ticket : agent.waiting) {
            var most = ofCapability.get(ticket.capability);
            if (most == null || running.getOrDefault(ticket.capability, 0) < most) {
                return ticket;
            }
        }
        return null;
    }
}
