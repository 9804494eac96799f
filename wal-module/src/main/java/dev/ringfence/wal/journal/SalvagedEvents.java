package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.LogRemains;
import dev.ringfence.wal.log.Storage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Events behind damage that are what was written, each by itself. */
final class SalvagedEvents {
    private static final int BUFFER = 1 << 20;

    private final Storage.StorageFile file;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    private long at;

    private SalvagedEvents(Storage.StorageFile file) {
        this.file = file;
    }

    /** Reads them, in their order. */
    static void read(LogRemains remains, long lastKept, Consumer<JournalRecord> consumer) {
        remains.salvage(lastKept, (sequence, payload) -> {
            JournalEvent event;
            try {
                event = EventRecord.decodeUnlinked(sequence, payload);
            } catch (JournalException e) {
                // Its bytes are intact and mean nothing.
                return;
            }
            consumer.accept(new JournalRecord(sequence, event));
        });
    }

    /** Writes them as JSON, an object a line; when it returns, the file is durable. */
    static void write(LogRemains remains, long lastKept, DurableFiles files, Path target) throws IOException {
        files.write(target, file -> {
            var lines = new SalvagedEvents(file);
            read(remains, lastKept, lines::add);
            lines.flush();
        });
    }

    private void add(JournalRecord entry) {
        var line = ByteBuffer.wrap((entry.json() + "\n").getBytes(StandardCharsets.UTF_8));
        try {
            if (line.remaining() > buffer.remaining()) {
                flush();
            }
            if (line.remaining() > buffer.remaining()) {
                write(line);
            } else {
                buffer.put(line);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void flush() throws IOException {
        write(buffer.flip());
        buffer.clear();
    }

    private void write(ByteBuffer bytes) throws IOException {
        var count = bytes.remaining();
        file.write(bytes, at);
        at += count;
    }
}
