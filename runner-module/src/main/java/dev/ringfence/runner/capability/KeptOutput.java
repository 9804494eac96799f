package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.fence.LimitHit;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * One stream of a program's output: the beginning for the result, and all of it, up to a bound, in a file once it is more
 * than that. Not for several threads at a time.
 */
final class KeptOutput {
    /** What the result itself shows. */
    static final int SHOWN = 32 * 1024;

    private static final Logger LOG = Logger.getLogger(KeptOutput.class);

    private final String channel;
    private final OutputFiles files;
    private final long bound;
    private byte[] shown = new byte[0];
    private OutputFiles.@Nullable OutputFile file;
    private @Nullable String trouble;
    private long kept;
    private long total;

    KeptOutput(String channel, OutputFiles files, long bound) {
        this.channel = channel;
        this.files = files;
        this.bound = bound;
    }

    /** Takes the next bytes, and says how many of them are kept. */
    int wrote(byte[] chunk) {
        total += chunk.length;
        int count = (int) Math.min(chunk.length, bound - kept);
        int room = Math.min(SHOWN - shown.length, count);
        if (file == null && trouble == null && count > room) {
            begin();
        }
        if (file != null) {
            write(chunk, 0, count);
        }
        if (room > 0) {
            int before = shown.length;
            shown = Arrays.copyOf(shown, before + room);
            System.arraycopy(chunk, 0, shown, before, room);
        }
        if (trouble != null) {
            kept = shown.length;
            return Math.max(0, room);
        }
        kept += count;
        return count;
    }

    private void begin() {
        try {
            file = files.begin(channel);
        } catch (IOException e) {
            failed(e);
            return;
        }
        write(shown, 0, shown.length);
    }

    private void write(byte[] bytes, int offset, int count) {
        if (file == null) {
            return;
        }
        try {
            file.write(bytes, offset, count);
        } catch (IOException e) {
            failed(e);
        }
    }

    /** Nothing more comes. Waits until what is in a file is durable. */
    void end() {
        if (file == null) {
            return;
        }
        try {
            file.finish();
        } catch (IOException e) {
            failed(e);
            kept = shown.length;
        }
    }

    /** The job has no result, so the file is of no use. */
    void giveUp() {
        if (file != null) {
            file.giveUp();
        }
    }

    /** The bound that it came up against, if it did. */
    Optional<LimitHit> cut() {
        return total > kept
                ? Optional.of(new LimitHit("output." + channel, kept + " bytes", total + " bytes"))
                : Optional.empty();
    }

    private void failed(IOException e) {
        LOG.warnf("the %s of a job cannot be kept whole: %s", channel, e.getMessage());
        trouble = String.valueOf(e.getMessage());
        if (file != null) {
            file.giveUp();
            file = null;
        }
    }

    /** As results show it. */
    void show(ObjectNode data) {
        data.put(channel, Utf8Pieces.decode(shown, total > shown.length));
        data.put(channel + "_bytes", total);
        data.put(channel + "_kept_bytes", kept);
        data.put(channel + "_truncated", total > kept);
        if (trouble != null) {
            data.put(channel + "_trouble", trouble);
        }
    }
}
