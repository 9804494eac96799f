package dev.ringfence.runner.files;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;

/**
 * What jobs changed and how it was before, one directory for each job. A backup is on the disk before the file it is of
 * is touched. Old ones go when they are too many bytes or too old. Thread-safe; all methods block.
 */
public final class Backups {
    private static final Logger LOG = Logger.getLogger(Backups.class);
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Pattern JOB = Pattern.compile("[A-Za-z0-9_-]{1,80}");
    private static final String RECORD = "undo.json";
    private static final String UNDONE = "undone.json";
    private static final String BEFORE = "before";

    private static final Duration BETWEEN_COUNTS = Duration.ofHours(1);
    private static final int SPARE = 16;

    private final Path directory;
    private final long mostBytes;
    private final Duration longest;

    // Guarded by this: no less than there is, and when it was counted. At first nothing is known.
    private long estimate;
    private long counted;

    /**
     * @param directory made when it is missing
     * @param mostBytes of all backups together
     * @param longest how long one is kept
     * @throws UncheckedIOException when the directory cannot be made
     */
    public Backups(Path directory, long mostBytes, Duration longest) {
        this.directory = directory;
        this.mostBytes = mostBytes;
        this.longest = longest;
        this.estimate = mostBytes;
        try {
            Files.createDirectories(directory, Owner.ONLY_DIRECTORY);
        } catch (IOException e) {
            throw new UncheckedIOException("the directory of backups cannot be made: " + e, e);
        }
    }

    /** What a job changed, when it can still be taken back. */
    Optional<UndoRecord> find(String jobId) {
        return read(jobId, RECORD);
    }

    /** What a job had changed, when it was taken back. */
    Optional<UndoRecord> findUndone(String jobId) {
        return read(jobId, UNDONE);
    }

    private Optional<UndoRecord> read(String jobId, String name) {
        if (!JOB.matcher(jobId).matches()) {
            return Optional.empty();
        }
        try {
            var json = Files.readAllBytes(directory.resolve(jobId).resolve(name));
            return Optional.of(UndoRecord.of(JSON.readTree(json)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException("the backup of job " + jobId + " cannot be read", e);
        }
    }

    /**
     * A file's content, kept.
     *
     * @param sofar the digest after the content, for what comes behind it
     */
    record Copy(String sha256, MessageDigest sofar) {}

    /** The disk that they are on. */
    FileStore disk() throws IOException {
        return Files.getFileStore(directory);
    }

    /** Keeps what a file holds. The record of it comes with {@link #record}. */
    Copy keep(String jobId, Path held, Checkpoint checkpoint) throws IOException {
        var place = place(jobId);
        var digest = Hashes.sha256();
        try (var copy = FileChannel.open(
                place.resolve(BEFORE),
                Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING),
                Owner.ONLY)) {
            Hashes.each(held, checkpoint, piece -> {
                digest.update(piece.duplicate());
                while (piece.hasRemaining()) {
                    copy.write(piece);
                }
            });
            copy.force(true);
        }
        return new Copy(Hashes.hex(Hashes.copy(digest)), digest);
    }

    /** When it returns, the change that is about to be made can be taken back. */
    void record(UndoRecord record) throws IOException {
        var place = place(record.jobId());
        byte[] json = record.json().toString().getBytes(StandardCharsets.UTF_8);
        DurableFile.write(place.resolve(RECORD), json);
        DurableFile.sync(directory);
        var before = place.resolve(BEFORE);
        prune(record.jobId(), json.length + (record.before().isPresent() ? Files.size(before) : 0));
    }

    /** All that can still be taken back. */
    List<UndoRecord> records() {
        return kept().stream()
                .flatMap(kept -> find(kept.place().getFileName().toString()).stream())
                .toList();
    }

    /** Where what was there before is kept. */
    Path before(String jobId) {
        return directory.resolve(jobId).resolve(BEFORE);
    }

    /** The change was taken back; its record only says so from now on. */
    void undone(String jobId) throws IOException {
        var place = directory.resolve(jobId);
        Files.move(place.resolve(RECORD), place.resolve(UNDONE), StandardCopyOption.ATOMIC_MOVE);
        Files.deleteIfExists(place.resolve(BEFORE));
        DurableFile.sync(place);
    }

    /** The change was not made after all. */
    void drop(String jobId) {
        delete(directory.resolve(jobId));
    }

    private Path place(String jobId) throws IOException {
        if (!JOB.matcher(jobId).matches()) {
            throw new IOException("not an id that a backup can have: " + jobId);
        }
        return Files.createDirectories(directory.resolve(jobId), Owner.ONLY_DIRECTORY);
    }

    private record Kept(Path place, Instant at, long bytes) {}

    /**
     * Removes what is too old, and then the oldest until all fits; never what belongs to the job that has just come. All
     * are looked through only when they may be too many bytes, and every hour for those that are too old.
     */
    private synchronized void prune(String jobId, long added) {
        estimate += added;
        if (estimate <= mostBytes && System.nanoTime() - counted < BETWEEN_COUNTS.toNanos()) {
            return;
        }
        var all = kept();
        long bytes = all.stream().mapToLong(Kept::bytes).sum();
        // Some room beyond what is needed, so that not every change has to look through all.
        long enough = bytes > mostBytes ? mostBytes - mostBytes / SPARE : mostBytes;
        var old = Instant.now().minus(longest);
        for (var kept : all) {
            if (kept.at().isAfter(old) && bytes <= enough) {
                break;
            }
            if (!kept.place().endsWith(jobId)) {
                delete(kept.place());
                bytes -= kept.bytes();
            }
        }
        estimate = bytes;
        counted = System.nanoTime();
    }

    /** Oldest first. */
    private List<Kept> kept() {
        var all = new ArrayList<Kept>();
        try (var places = Files.newDirectoryStream(directory)) {
            for (var place : places) {
                kept(place).ifPresent(all::add);
            }
        } catch (IOException e) {
            LOG.warnf(e, "the backups below %s could not be looked through", directory);
        }
        all.sort(Comparator.comparing(Kept::at));
        return all;
    }

    private static Optional<Kept> kept(Path place) throws IOException {
        long bytes = 0;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(place)) {
            for (var file : files) {
                bytes += Files.size(file);
            }
            return Optional.of(new Kept(place, Files.getLastModifiedTime(place).toInstant(), bytes));
        } catch (NoSuchFileException e) {
            LOG.debugf("a backup is being made or went while it was counted: %s", e.getMessage());
            return Optional.empty();
        }
    }

    private static void delete(Path place) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(place)) {
            for (var file : files) {
                Files.delete(file);
            }
            Files.delete(place);
        } catch (NoSuchFileException e) {
            LOG.debugf("the backup %s had gone already", place);
        } catch (IOException e) {
            LOG.warnf(e, "the backup %s could not be removed", place);
        }
    }
}
