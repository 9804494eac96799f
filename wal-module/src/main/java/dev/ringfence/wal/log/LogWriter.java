package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The one thread that changes the log: takes what is queued, writes it once, syncs it once, and settles it. */
final class LogWriter implements Runnable {
    /** How often it looks whether there is room again. */
    private static final Duration LOOK = Duration.ofSeconds(1);

    /** How often it tries at most to close a segment that is old. */
    private static final long PAUSE_MILLIS = 60_000;

    private static final int LEAST = Frame.HEADER + Frame.ALIGNMENT;

    private final SegmentDirectory directory;
    private final LogOptions options;
    private final AppendQueue queue;
    private final Acknowledger acknowledger;
    private final Group group;
    private final Reserve reserve;
    private final Gathering gathering = new Gathering();
    /** Until the log could be made ready to be written; {@link #file} counts from then on. */
    private @Nullable Opening opening;

    private Storage.@Nullable StorageFile file;
    private SegmentHeader header;
    private int headerChecksum;
    private Cursor durable;
    /** When the segment's first record was written, in milliseconds since 1970. */
    private OptionalLong segmentBegun;
    /** When it was last tried to close the segment because it is old. */
    private long triedToClose;

    /** Taken from the queue, and perhaps not settled yet. */
    private List<Append> underWay = List.of();

    private List<Append> settled = new ArrayList<>();
    /** Why the log is not open. */
    private LogException.@Nullable NoSpace full;

    private volatile LogException.@Nullable Failed failure;
    private volatile long lastSequence;
    private volatile Health health = new Health.Writable();

    LogWriter(
            SegmentDirectory directory,
            LogOptions options,
            AppendQueue queue,
            Acknowledger acknowledger,
            Executor files,
            Opening opening) {
        this.directory = directory;
        this.options = options;
        this.queue = queue;
        this.acknowledger = acknowledger;
        this.opening = opening;
        header = opening.header();
        headerChecksum = header.checksum();
        durable = opening.cursor();
        segmentBegun = opening.begun();
        group = new Group(durable);
        reserve = new Reserve(directory, options.segmentBytes(), files, this::failBecause);
        lastSequence = durable.sequence();
    }

    long lastSequence() {
        return lastSequence;
    }

    Health health() {
        return health;
    }

    /**
     * Makes the log ready to be written. Without room for that it can be read, and each append tries again.
     *
     * @throws IOException if it cannot be made ready for another reason
     */
    void open() throws IOException {
        if (opening != null && (full == null || opening.mayHaveRoom())) {
            try {
                file = opening.open();
                opening = null;
                turn(new Health.Writable());
            } catch (LogException.NoSpace e) {
                full = e;
                turn(new Health.Full(String.valueOf(e.getMessage())));
            }
        }
    }

    /** Ends only when nobody waits any more, whatever goes wrong. */
    @Override
    public void run() {
        boolean goesOn = true;
        while (goesOn) {
            try {
                goesOn = step();
            } catch (Throwable e) {
                failWhateverFor(e);
            }
        }
        end();
    }

    private boolean step() {
        if (underWay.isEmpty()) {
            var taken = take();
            if (taken.isEnd()) {
                return false;
            }
            underWay = taken.appends();
        }
        if (underWay.isEmpty()) {
            lookForRoom();
        } else {
            // Also what an error kept from being settled: it fails then.
            settle(underWay);
            underWay = List.of();
        }
        return true;
    }

    /** Where not even that succeeds, as without memory, it is tried again: nothing may be written before it has. */
    private void failWhateverFor(Throwable cause) {
        boolean failed = false;
        while (!failed) {
            try {
                fail(cause);
                failed = true;
            } catch (RuntimeException | Error _) {
                LockSupport.parkNanos(LOOK.toNanos());
            }
        }
    }

    /**
     * While there is no room, looks now and then whether there is: whoever heard that the log is full may have stopped to
     * append to it. Room is there when the next segment has its file, and a write in this one succeeds.
     */
    void lookForRoom() {
        if (failure != null || !(health instanceof Health.Full)) {
            return;
        }
        try {
            open();
            if (opening == null && reserve.isMade() && takesZeros()) {
                turn(new Health.Writable());
            }
        } catch (IOException | RuntimeException | Error e) {
            fail(e);
        }
    }

    /** Writes as many zeros as a record takes at least, where the next record will stand and zeros stand already. */
    private boolean takesZeros() throws IOException {
        if (header.size() - durable.offset() < LEAST) {
            return true;
        }
        try {
            file().write(ByteBuffer.allocate(LEAST), durable.offset());
        } catch (IOException e) {
            if (directory.storage().isNoSpace(e)) {
                return false;
            }
            throw e;
        }
        file().sync();
        return true;
    }

    private Storage.StorageFile file() {
        return Objects.requireNonNull(file, "the log is open");
    }

    /** Writes records, or refuses them, and tells those who wait. */
    void settle(List<Append> taken) {
        if (failure == null) {
            write(taken);
        }
        for (var append : taken) {
            if (!append.isSettled()) {
                append.fail(failure == null ? new IllegalStateException("Left out") : failure);
                settled.add(append);
            }
        }
        tell();
    }

    private AppendQueue.Taken take() {
        var rest = health instanceof Health.Full ? LOOK.toNanos() : Long.MAX_VALUE;
        var taken = queue.take(gathering.expected(), gathering.patience(), rest);
        if (!taken.appends().isEmpty()) {
            gathering.taken(taken.appends().size(), taken.enough());
        }
        return taken;
    }

    private void write(List<Append> taken) {
        try {
            open();
            for (var append : taken) {
                if (opening == null) {
                    place(append);
                } else {
                    refuse(append, Objects.requireNonNull(full));
                }
            }
            commit();
        } catch (IOException | RuntimeException | Error e) {
            fail(e);
        }
    }

    /** Puts records into the group, after writing the group or turning to a new segment where that is needed. */
    private void place(Append append) throws IOException {
        if (group.isEnough()) {
            commit();
        }
        long now = options.clock().millis();
        if (group.end().offset() + append.frames() > header.size()) {
            commit();
            try {
                rotate();
            } catch (LogException.NoSpace e) {
                refuse(append, e);
                turn(new Health.Full(String.valueOf(e.getMessage())));
                return;
            }
        } else if (isOld(now)) {
            closeEarly(now);
        }
        List<byte[]> payloads;
        try {
            payloads = append.after(group.end().payload());
        } catch (RuntimeException e) {
            refuse(append, e);
            return;
        }
        group.add(append, payloads, headerChecksum, now);
        if (segmentBegun.isEmpty()) {
            segmentBegun = OptionalLong.of(now);
        }
    }

    private boolean isOld(long now) {
        // A clock that was set back must not keep a segment open until it has caught up.
        return segmentBegun.isPresent()
                && Math.abs(now - segmentBegun.getAsLong())
                        >= options.segmentAge().toMillis()
                && Math.abs(now - triedToClose) >= PAUSE_MILLIS;
    }

    /**
     * Turns to a new segment although this one has room, so that what is old can be given up. Nobody waits for that or is
     * refused because of it: without a file for the next segment, this one is written on, and a later append tries again.
     */
    private void closeEarly(long now) throws IOException {
        triedToClose = now;
        if (!reserve.isMade()) {
            return;
        }
        commit();
        try {
            rotate();
        } catch (LogException.NoSpace _) {
            // As if there were no file for it.
        }
    }

    private void refuse(Append append, RuntimeException why) {
        append.fail(why);
        settled.add(append);
    }

    /** Makes the group durable and tells those who wait for it. */
    private void commit() throws IOException {
        if (group.isEmpty()) {
            return;
        }
        var begun = System.nanoTime();
        try {
            file().write(group.bytes(), durable.offset());
        } catch (IOException e) {
            if (!directory.storage().isNoSpace(e)) {
                throw e;
            }
            takeBack(e);
            return;
        }
        var written = System.nanoTime();
        file().sync();
        var synced = System.nanoTime();
        gathering.synced(synced - written);
        var bytes = group.bytes().limit();
        var sequence = durable.sequence();
        durable = group.end();
        lastSequence = durable.sequence();
        if (health instanceof Health.Full) {
            turn(new Health.Writable());
        }
        var records = group.records();
        for (var append : group.restart(durable)) {
            sequence += append.records();
            append.succeed(sequence);
            settled.add(append);
        }
        tell();
        if (durable.offset() > header.size() / 2) {
            reserve.prepare();
        }
        observe(observer ->
                observer.synced(records, bytes, Duration.ofNanos(written - begun), Duration.ofNanos(synced - written)));
    }

    /**
     * Removes a group that found no room. The space of a segment is reserved, but a file system that copies on write may
     * run out all the same.
     *
     * @throws IOException if that fails, too: then nobody knows what stands there
     */
    private void takeBack(IOException cause) throws IOException {
        try {
            file().write(ByteBuffer.allocate(group.bytes().limit()), durable.offset());
            file().sync();
        } catch (IOException e) {
            cause.addSuppressed(new IOException("cannot be taken back", e));
            throw cause;
        }
        var noSpace = new LogException.NoSpace(directory.path(), cause);
        turn(new Health.Full(String.valueOf(noSpace.getMessage())));
        for (var append : group.restart(durable)) {
            refuse(append, noSpace);
        }
        tell();
    }

    /** Turns to a new segment; the group must be empty. */
    private void rotate() throws IOException {
        var begun = System.nanoTime();
        var next = new SegmentHeader(
                header.number() + 1, durable.sequence() + 1, durable.checksum(), options.segmentBytes());
        var created = reserve.take();
        directory.begin(next, created);
        var finished = file();
        file = created;
        header = next;
        headerChecksum = next.checksum();
        durable = durable.inSegment(next);
        segmentBegun = OptionalLong.empty();
        var _ = group.restart(durable);
        finished.close();
        observe(observer -> observer.rotated(next.number(), Duration.ofNanos(System.nanoTime() - begun)));
    }

    private void tell() {
        var told = settled;
        settled = new ArrayList<>();
        acknowledger.acknowledge(told);
    }

    private void observe(Consumer<LogObserver> what) {
        try {
            what.accept(options.observer());
        } catch (RuntimeException _) {
            // Metrics never cost a record.
        }
    }

    private void turn(Health next) {
        synchronized (this) {
            if (health instanceof Health.Failed) {
                return;
            }
            health = next;
        }
        observe(observer -> observer.turned(directory.path(), next));
    }

    /** Final: after a failed sync the kernel may forget what it could not write, so a second one proves nothing. */
    private synchronized void fail(Throwable cause) {
        if (failure == null) {
            var failed = new LogException.Failed(directory.path(), directory.path() + ": " + cause, cause);
            var turned = new Health.Failed(failed.reason());
            failure = failed;
            health = turned;
            observe(observer -> observer.turned(directory.path(), turned));
        }
        queue.close();
    }

    /** Ends the writing because the disk failed under another thread. What is being synced now may still succeed. */
    LogException.Failed failBecause(IOException cause) {
        fail(cause);
        return Objects.requireNonNull(failure);
    }

    private void end() {
        try {
            if (file != null) {
                file.close();
            }
            if (opening != null) {
                opening.close();
            }
            reserve.close();
        } catch (IOException e) {
            if (failure != null) {
                failure.addSuppressed(e);
            }
        }
        if (failure == null) {
            turn(new Health.Closed());
        }
    }
}
