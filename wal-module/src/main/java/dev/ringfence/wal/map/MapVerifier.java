package dev.ringfence.wal.map;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.LogRemains;
import dev.ringfence.wal.log.Storage;
import dev.ringfence.wal.log.WriteAheadLog;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.function.LongPredicate;

/** Proves that a durable map is what was written. Reads everything; changes nothing; needs no lock. */
public final class MapVerifier {
    private MapVerifier() {}

    /** What was found. */
    public sealed interface Verdict {
        /** All of it is as it was written. */
        record Intact(int entries) implements Verdict {}

        /**
         * Something is not as it was written.
         *
         * @param file where to look
         */
        record Broken(Path file, long offset, String what) implements Verdict {}

        /** The caller did not want to go on. */
        record Stopped() implements Verdict {}
    }

    /**
     * Verifies a map.
     *
     * @param progress hears each record's number, and says whether to go on
     * @throws LogException.Failed if reading fails
     */
    public static Verdict verify(Path directory, LongPredicate progress) {
        while (true) {
            try {
                return once(directory, progress);
            } catch (LogException.Discarded _) {
                // Given up while it was read, when all that held of it had been written anew.
            }
        }
    }

    private static Verdict once(Path directory, LongPredicate progress) {
        var entries = new HashMap<String, ObjectNode>();
        var last = new long[1];
        var stopped = new boolean[1];
        try {
            WriteAheadLog.read(directory, 0, (sequence, _, payload) -> {
                last[0] = sequence;
                DurableMap.read(entries, sequence, payload);
                stopped[0] = !progress.test(sequence);
                return !stopped[0];
            });
        } catch (LogException.Corrupt e) {
            return new Verdict.Broken(e.file(), e.offset(), String.valueOf(e.getMessage()));
        } catch (IllegalStateException e) {
            var place = LogRemains.of(directory, Storage.disk()).locate(last[0]);
            return new Verdict.Broken(place.file(), place.offset(), String.valueOf(e.getMessage()));
        }
        return stopped[0] ? new Verdict.Stopped() : new Verdict.Intact(entries.size());
    }
}
