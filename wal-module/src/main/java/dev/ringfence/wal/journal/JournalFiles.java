package dev.ringfence.wal.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;

/** What lies beside the log in a journal's directory. */
record JournalFiles(Path directory) {
    private static final Pattern SNAPSHOT = Pattern.compile("\\d{20}\\.snapshot");
    private static final Pattern INDEX = Pattern.compile("\\d{20}\\.idx");

    /** Two, so that the one before is there when the newest is damaged. */
    private static final int SNAPSHOTS_KEPT = 2;

    Path snapshots() {
        return directory.resolve("snapshots");
    }

    Path index() {
        return directory.resolve("index");
    }

    Path blobs() {
        return directory.resolve("blobs");
    }

    /** The snapshots' files, the newest first. */
    List<Path> snapshotFiles() throws IOException {
        return matching(snapshots(), SNAPSHOT);
    }

    /** Makes a snapshot durable. */
    void write(Snapshot snapshot) throws IOException {
        DurableFile.makeDirectory(snapshots());
        SnapshotFile.write(snapshots().resolve("%020d.snapshot".formatted(snapshot.sequence())), snapshot);
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
                    SnapshotFile.read(file, index()).runs().forEach(run -> named.add(run.file()));
                    kept++;
                    continue;
                } catch (IOException _) {
                    // Of no use to anyone.
                }
            }
            Files.deleteIfExists(file);
        }
        for (var file : matching(index(), INDEX)) {
            if (!named.contains(file)) {
                Files.deleteIfExists(file);
            }
        }
        deleteUnfinished(snapshots());
        deleteUnfinished(index());
    }

    static long sequenceOf(Path snapshot) {
        return Long.parseLong(snapshot.getFileName().toString().substring(0, 20));
    }

    private static void deleteUnfinished(Path directory) throws IOException {
        try (var files = Files.newDirectoryStream(directory, "*" + DurableFile.UNFINISHED)) {
            for (var file : files) {
                Files.deleteIfExists(file);
            }
        } catch (NoSuchFileException _) {
            // Nothing has been written there yet.
        }
    }

    private static List<Path> matching(Path directory, Pattern name) throws IOException {
        var found = new ArrayList<Path>();
        try (var files = Files.newDirectoryStream(directory)) {
            for (var file : files) {
                if (name.matcher(file.getFileName().toString()).matches()) {
                    found.add(file);
                }
            }
        } catch (NoSuchFileException _) {
            return found;
        }
        found.sort(Comparator.reverseOrder());
        return found;
    }
}
