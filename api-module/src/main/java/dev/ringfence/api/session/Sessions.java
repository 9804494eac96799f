package dev.ringfence.api.session;

import dev.ringfence.api.job.AdmissionException;
import dev.ringfence.api.job.Jobs;
import dev.ringfence.api.job.Preparation;
import dev.ringfence.api.journal.HealthLog;
import dev.ringfence.runner.files.JobFiles;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.JobSummary;
import dev.ringfence.wal.log.Health;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.LogObserver;
import dev.ringfence.wal.map.DurableMap;
import io.smallrye.mutiny.Uni;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of all agents, which survive restarts. A job that names a session its agent does not have yet makes it;
 * one that names a closed session is refused. Thread-safe.
 */
public final class Sessions implements Preparation, AutoCloseable {
    private static final int PAGE = 1_000;

    /** Submissions that were about to be made durable are by then, or never. */
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private record Key(String agent, String id) {
        String stored() {
            return agent + '\0' + id;
        }
    }

    /** A session and who is about to come in. Guarded by the sessions' lock. */
    private static final class Room {
        private final Key key;
        private final CompletableFuture<@Nullable Void> made = new CompletableFuture<>();

        /** Held by whoever deletes it. */
        private final ReentrantLock deletion = new ReentrantLock();

        private Session session;
        private int entering;
        private boolean shut;

        Room(Key key, Session session) {
            this.key = key;
            this.session = session;
        }
    }

    private final DurableMap stored;
    private final int perAgent;
    private final LongSupplier newestEvent;
    private final Map<Key, Room> rooms = new HashMap<>();

    /** By the job: whose submission is about to be made durable, and where. */
    private final Map<String, Room> entered = new HashMap<>();

    private long number;

    /**
     * Reads the sessions of earlier lives.
     *
     * @param directory made when it is missing; holds nothing else
     * @param perAgent how many sessions an agent may have
     * @param newestEvent the number of the newest durable event of the journal
     * @throws LogException when they cannot be read
     */
    public Sessions(Path directory, int perAgent, LongSupplier newestEvent) {
        this.stored = DurableMap.open(directory, new HealthLog(LogObserver.none()));
        this.perAgent = perAgent;
        this.newestEvent = newestEvent;
        stored.entries().values().stream().map(Session::of).forEach(known -> {
            var session = known.within(newestEvent.getAsLong());
            var room = new Room(new Key(session.agent(), session.id()), session);
            if (!session.equals(known)) {
                // Before its next job is, whose number would otherwise be too small at the start after this one. A disk
                // without room, which takes no job either, must not keep the service from starting.
                var _ = stored.put(room.key.stored(), session.stored())
                        .onFailure(LogException.NoSpace.class)
                        .recoverWithNull()
                        .await()
                        .indefinitely();
            }
            room.made.complete(null);
            room.shut = !session.open();
            rooms.put(room.key, room);
            number = Math.max(number, session.number());
        });
    }

    /**
     * Makes a session.
     *
     * @param id without it, one that nobody has
     * @return the session, once it is durable; or an {@link AdmissionException} when there is one of that name, or the
     *     agent has too many, or a {@link LogException}
     */
    public Uni<Session> create(String agent, Optional<String> id) {
        return Uni.createFrom().deferred(() -> {
            var key = new Key(agent, id.orElseGet(() -> UUID.randomUUID().toString()));
            Room room;
            synchronized (this) {
                if (rooms.containsKey(key)) {
                    throw new AdmissionException.Conflict(
                            "session-exists", "agent " + agent + " has a session \"" + key.id() + "\" already");
                }
                room = make(key, Instant.now());
            }
            return Uni.createFrom().completionStage(room.made::copy).replaceWith(room.session);
        });
    }

    /** To be called with the lock. */
    private Room make(Key key, Instant at) {
        requireRoom(key);
        var room = new Room(
                key,
                new Session(
                        key.agent(),
                        key.id(),
                        ++number,
                        at,
                        // No job of it is durable yet, and all of an earlier one of this name are, or never will be.
                        OptionalLong.of(newestEvent.getAsLong()),
                        Optional.empty()));
        rooms.put(key, room);
        stored.put(key.stored(), room.session.stored()).subscribe().with(room.made::complete, failure -> {
            synchronized (this) {
                rooms.remove(key, room);
            }
            room.made.completeExceptionally(failure);
        });
        return room;
    }

    /** To be called with the lock. */
    private void requireRoom(Key key) {
        long own = rooms.keySet().stream()
                .filter(other -> other.agent().equals(key.agent()))
                .count();
        if (own >= perAgent) {
            throw new AdmissionException.Invalid(
                    "too-many-sessions",
                    "agent " + key.agent() + " has " + own + " sessions, and ringfence.sessions.per-agent is "
                            + perAgent + "; delete some");
        }
    }

    @Override
    public synchronized void check(JobEvent.Submitted submission) {
        var id = submission.session();
        if (id != null) {
            var key = new Key(submission.agent(), id);
            var room = rooms.get(key);
            if (room == null) {
                requireRoom(key);
            } else {
                requireOpen(room);
            }
        }
    }

    private static void requireOpen(Room room) {
        if (room.shut) {
            throw new AdmissionException.Conflict(
                    "session-closed",
                    "session \"" + room.key.id() + "\" of agent " + room.key.agent()
                            + " is closed and takes no more jobs");
        }
    }

    /** Makes the session that a submission names, if it is not there, and keeps it open until the submission is settled. */
    @Override
    public Uni<@Nullable Void> before(JobEvent.Submitted submission) {
        var id = submission.session();
        if (id == null) {
            return Uni.createFrom().nullItem();
        }
        return Uni.createFrom().deferred(() -> {
            var key = new Key(submission.agent(), id);
            Room room;
            synchronized (this) {
                var there = rooms.get(key);
                // Not younger than its first job.
                room = there == null ? make(key, submission.at()) : there;
                requireOpen(room);
                room.entering++;
                entered.put(submission.jobId(), room);
            }
            return Uni.createFrom()
                    .completionStage(room.made::copy)
                    .onFailure()
                    .invoke(() -> settled(submission, false));
        });
    }

    @Override
    public synchronized void settled(JobEvent.Submitted submission, boolean durable) {
        // The very one it entered: there may be another of that name by now.
        var room = entered.remove(submission.jobId());
        if (room != null) {
            room.entering--;
            notifyAll();
        }
    }

    /**
     * A session by its name.
     *
     * @throws UnknownSession if the agent has none of that name
     */
    public synchronized Session find(String agent, String id) {
        return there(agent, id).session;
    }

    private synchronized Room there(String agent, String id) {
        var room = rooms.get(new Key(agent, id));
        if (room == null || !room.made.isDone()) {
            throw new UnknownSession(agent, id);
        }
        return room;
    }

    /**
     * Sessions that match, the newest first.
     *
     * @param before a page's {@link SessionPage#next}, or empty for the first page
     */
    public synchronized SessionPage list(Predicate<Session> wanted, OptionalLong before, int most) {
        var found = rooms.values().stream()
                .filter(room -> room.made.isDone())
                .map(room -> room.session)
                .filter(session -> session.number() < before.orElse(Long.MAX_VALUE))
                .filter(wanted)
                .sorted(Comparator.comparingLong(Session::number).reversed())
                .limit(most)
                .toList();
        return new SessionPage(
                found, found.size() == most ? OptionalLong.of(found.getLast().number()) : OptionalLong.empty());
    }

    /**
     * Lets no more jobs in; those that are in go on.
     *
     * @return the session, once that is durable; or {@link UnknownSession}, or a {@link LogException}
     */
    public Uni<Session> close(String agent, String id) {
        return Uni.createFrom().deferred(() -> close(there(agent, id)));
    }

    private Uni<Session> close(Room room) {
        return Uni.createFrom().deferred(() -> {
            Session closed;
            synchronized (this) {
                if (!room.session.open()) {
                    return Uni.createFrom().item(room.session);
                }
                room.shut = true;
                closed = room.session.closed(Instant.now());
            }
            return stored.put(room.key.stored(), closed.stored())
                    .invoke(() -> become(room, closed))
                    .onFailure()
                    .invoke(() -> reopen(room))
                    .replaceWith(closed);
        });
    }

    private synchronized void become(Room room, Session session) {
        room.session = session;
        room.shut = !session.open();
    }

    /** It could not be closed, unless another one who closed it at the same time could. */
    private synchronized void reopen(Room room) {
        room.shut = !room.session.open();
    }

    /**
     * Closes a session, cancels its jobs that have not ended, deletes what it and its jobs left, and forgets it. The
     * journal keeps the jobs' events. When it is cut short, the session is there still, closed. Blocks until nothing of
     * the jobs is left; while another one deletes the same session, until that one has.
     *
     * @return the jobs that were cancelled
     * @throws UnknownSession if the agent has none of that name
     */
    public List<String> delete(String agent, String id, Jobs jobs, JobFiles files) {
        var room = there(agent, id);
        room.deletion.lock();
        try {
            // Another one may have deleted it meanwhile, and a third have made a new one.
            if (there(agent, id) != room) {
                throw new UnknownSession(agent, id);
            }
            return delete(room, jobs, files);
        } finally {
            room.deletion.unlock();
        }
    }

    private List<String> delete(Room room, Jobs jobs, JobFiles files) {
        var session = close(room).await().indefinitely();
        awaitEntered(room);
        var cancelled = new ArrayList<String>();
        for (var state : List.of("submitted", "started")) {
            for (var summary : jobs(session, state, jobs)) {
                jobs.find(summary.jobId())
                        .filter(job -> !job.view().state().ended())
                        .ifPresent(job -> {
                            job.cancel("its session was deleted");
                            var _ = job.ended().await().indefinitely();
                            cancelled.add(job.id());
                        });
            }
        }
        jobs(session, null, jobs).forEach(job -> files.deleteOfJob(job.jobId()));
        files.deleteOfSession(session.agent(), Optional.of(session.id()));
        stored.remove(room.key.stored()).await().indefinitely();
        synchronized (this) {
            rooms.remove(room.key, room);
        }
        return cancelled;
    }

    private synchronized void awaitEntered(Room room) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        try {
            while (room.entering > 0 && deadline - System.nanoTime() > 0) {
                wait(PATIENCE.toMillis() / 100);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the service is about to stop", e);
        }
    }

    /** All of a session's jobs. */
    private static List<JobSummary> jobs(Session session, @Nullable String state, Jobs jobs) {
        var query = session.jobs(state, null);
        var all = new ArrayList<JobSummary>();
        var page = jobs.list(query, OptionalLong.empty(), PAGE);
        all.addAll(page.jobs());
        while (page.next().isPresent()) {
            page = jobs.list(query, page.next(), PAGE);
            all.addAll(page.jobs());
        }
        return all;
    }

    /** Whether sessions can be made, closed and deleted; never blocks. */
    public Health health() {
        return stored.health();
    }

    @Override
    public void close() {
        stored.close();
    }
}
