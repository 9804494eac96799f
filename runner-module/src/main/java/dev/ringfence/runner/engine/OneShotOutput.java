package dev.ringfence.runner.engine;

import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.Stream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * Reads what the program puts out: on standard output the answer and a farewell, on standard error its log. A piece of
 * the answer is passed on as soon as it can be neither a part of the farewell nor of a character. Called by one thread.
 */
final class OneShotOutput implements OutputListener {
    /** What follows an answer that the model has ended itself. */
    private static final String END_OF_TEXT = " [end of text]";

    /** The longest farewell. */
    private static final int KEPT = END_OF_TEXT.length() + 8;

    /** The log says so once the model is loaded and the prompt read, before the first token. */
    private static final String BEGINS = "generate: n_ctx";

    private final EarlyStop early = new EarlyStop();
    private final Runnable begun;
    private final Consumer<String> pieces;
    private final HeldBackQueue<?> queue;
    private final LogTail log = new LogTail();
    private ByteArrayOutputStream pending = new ByteArrayOutputStream();
    private String lastLog = "";
    private boolean told;

    /**
     * One answer's.
     *
     * @param begun the model is loaded; called once
     * @param pieces hears the answer
     * @param queue where they wait then, as long as it wants more
     */
    OneShotOutput(Runnable begun, Consumer<String> pieces, HeldBackQueue<?> queue) {
        this.begun = begun;
        this.pieces = pieces;
        this.queue = queue;
    }

    /** Ends the program, or keeps it from beginning; it may live on for as long as a program does that is stopped. */
    void stop() {
        early.stop();
    }

    @Override
    public void starting(Runnable stop) {
        early.starting(stop);
    }

    @Override
    public void attached(Runnable look) {
        queue.attach(look);
    }

    @Override
    public boolean wantsMore() {
        return queue.wantsMore();
    }

    @Override
    public void wrote(Stream stream, byte[] chunk) {
        if (stream == Stream.STDERR) {
            log.wrote(stream, chunk);
            var recent = lastLog + new String(chunk, StandardCharsets.UTF_8);
            lastLog = recent.substring(Math.max(0, recent.length() - BEGINS.length()));
            if (recent.contains(BEGINS)) {
                begin();
            }
        } else {
            begin();
            pending.writeBytes(chunk);
            pass();
        }
    }

    private void begin() {
        if (!told) {
            told = true;
            begun.run();
        }
    }

    /** All but the last bytes, and whole characters only. */
    private void pass() {
        var bytes = pending.toByteArray();
        int end = bytes.length - KEPT;
        while (end > 0 && (bytes[end] & 0xc0) == 0x80) {
            end--;
        }
        if (end > 0) {
            pieces.accept(new String(bytes, 0, end, StandardCharsets.UTF_8));
            pending = new ByteArrayOutputStream();
            pending.write(bytes, end, bytes.length - end);
        }
    }

    /** After the program's end: passes on what is left of the answer. Whether the model ended it, and not a limit. */
    boolean finish() {
        var rest = pending.toString(StandardCharsets.UTF_8);
        pending = new ByteArrayOutputStream();
        int end = rest.lastIndexOf(END_OF_TEXT);
        boolean ended = end >= 0 && rest.substring(end + END_OF_TEXT.length()).isBlank();
        var text = ended ? rest.substring(0, end) : withoutLineEnds(rest);
        if (!text.isEmpty()) {
            pieces.accept(text);
        }
        return ended;
    }

    /** The program ends its output with two line ends of its own. */
    private static String withoutLineEnds(String text) {
        return text.endsWith("\n\n") ? text.substring(0, text.length() - 2) : text;
    }

    /** What it wrote to standard error. */
    LogTail log() {
        return log;
    }
}
