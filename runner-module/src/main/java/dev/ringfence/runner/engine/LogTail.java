package dev.ringfence.runner.engine;

import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.Stream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Keeps the end of what an engine writes; the beginning of a long log says little about why it died. */
final class LogTail implements OutputListener {
    private static final int CAPACITY = 8 * 1024;

    private final byte[] ring = new byte[CAPACITY];
    private long total;

    @Override
    public synchronized void wrote(Stream stream, byte[] chunk) {
        for (byte one : chunk) {
            ring[(int) (total++ % CAPACITY)] = one;
        }
    }

    /** Whole lines, as far as there are any. */
    synchronized String text() {
        int length = (int) Math.min(total, CAPACITY);
        var bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = ring[(int) ((total - length + i) % CAPACITY)];
        }
        var text = new String(bytes, StandardCharsets.UTF_8);
        return (total > CAPACITY ? text.substring(text.indexOf('\n') + 1) : text).strip();
    }

    /** The first line that tells of an error; those that follow only say that the program gives up. */
    Optional<String> firstError() {
        return text().lines()
                .filter(line -> line.contains(" E ") || line.contains("error"))
                .findFirst();
    }

    /** What says the most of why it ended: where no line tells of an error, the last one. */
    Optional<String> lastWords() {
        return firstError()
                .or(() -> Optional.of(text())
                        .filter(text -> !text.isEmpty())
                        .map(text -> text.substring(text.lastIndexOf('\n') + 1)));
    }
}
