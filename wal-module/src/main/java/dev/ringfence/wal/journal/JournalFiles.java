package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.Storage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What lies beside the log in a journal's directory. */
record JournalFiles(Path directory, DurableFiles files) {
    private static final Pattern SNAPSHOT = Pattern.compile("\\d{20}\\.snapshot");
    private static final Pattern INDEX = Pattern.compile("\\d{20}\\.idx");

    /** Two, so that the one before is there when the newest is damaged. */
    private static final int SNAPSHOTS_KEPT = 2;

    /** On the real disk. */
    static JournalFiles of(Path directory) {
        return of(directory, Storage.disk());
    }

    static JournalFiles of(Path directory, Storage storage) {
        return new JournalFiles(directory, new DurableFiles(storage));
    }

    Path snapshots() {
        return directory.resolve("snapshots");
    }

    Path index() {
        return directory.resolve("index");
    }

    Path blobs() {
        return directory.resolve("blobs");
    }

    /**
     * To be asked before a journal is begun.
     *
     * @throws JournalException.LogMissing if there is no segment, though snapshots, index or blobs say that there was one
     */
    void requireLog() throws IOException {
        if (files.list(directory).stream().anyMatch(name -> name.endsWith(".wal"))) {
            return;
        }
        for (var beside : List.of(snapshots(), index(), blobs())) {
            for (var name : files.list(beside)) {
                if (!name.endsWith(DurableFiles.UNFINISHED)) {
                    throw new JournalException.LogMissing(directory, beside.resolve(name));
                }
            }
        }
    }

    /** The snapshots' files, the newest first. */
    List<Path> snapshotFiles() throws IOException {
        return matching(snapshots(), SNAPSHOT);
    }

    /** Makes a snapshot durable. */
    void write(Snapshot snapshot) throws IOException {
        files.makeDirectory(snapshots());
        SnapshotFile.write(files, snapshots().resolve(snapshotName(snapshot.sequence())), snapshot);
    }

    /** The name of the file of a snapshot, in digits that every locale reads. */
    static String snapshotName(long sequence) {
        return String.format(Locale.ROOT, "%020d.snapshot", sequence);
    }

    /** @throws IOException if it cannot be used */
    Snapshot readSnapshot(Path file) throws IOException {
        return SnapshotFile.read(files, file, index());
    }

    /**
     * Makes a file of the index durable.
     *
     * @param sequence of the event with which it became full, so that making it again gives the same file; or the next
     *     number whose file has not other jobs
     */
    IndexRun writeRun(long sequence, List<JobSummary> rows) throws IOException {
        files.makeDirectory(index());
        return IndexRun.write(
                files, tried -> index().resolve(String.format(Locale.ROOT, "%020d.idx", sequence + tried)), rows);
    }

    /**
     * Removes snapshots that are too old to be used, or too many, and files of the index that nothing names.
     *
     * @param needed by what is in memory
     */
    void tidy(long firstKept, List<IndexRun> needed) throws IOException {
        var named = new HashSet<Path>();
        needed.forEach(run -> named.add(run.file()));
        int kept = 0;
        for (var file : snapshotFiles()) {
            if (kept < SNAPSHOTS_KEPT && sequenceOf(file) >= firstKept) {
                try {
                    readSnapshot(file).runs().forEach(run -> named.add(run.file()));
                    kept++;
                    continue;
                } catch (IOException _) {
                    // Of no use to anyone.
                }
            }
            files.deleteIfThere(file);
        }
        for (var file : matching(index(), INDEX)) {
            if (!named.contains(file)) {
                files.deleteIfThere(file);
            }
        }
        files.deleteUnfinished(snapshots());
        files.deleteUnfinished(index());
    }

    /** The event that a snapshot or a file of the index is named by. */
    static long sequenceOf(Path file) {
        return Long.parseLong(file.getFileName().toString().substring(0, 20));
    }

    /** What is there of snapshots and the index that was made of events behind one. */
    List<Path> madeAfter(long sequence) throws IOException {
        return Stream.concat(snapshotFiles().stream(), matching(index(), INDEX).stream())
                .filter(file -> sequenceOf(file) > sequence)
                .toList();
    }

    private List<Path> matching(Path directory, Pattern name) throws IOException {
        return files.list(directory).stream()
                .filter(file -> name.matcher(file).matches())
                .sorted(Comparator.reverseOrder())
                .map(directory::resolve)
                .toList();
    }
}
