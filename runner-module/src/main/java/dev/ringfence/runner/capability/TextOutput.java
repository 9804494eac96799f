package dev.ringfence.runner.capability;

import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.Stream;
import java.util.Arrays;

/**
 * Passes a program's output on as text, up to a bound for each stream: what is not kept is not streamed either. What the
 * fence notices comes between, from other threads, so all of it is passed on under one lock.
 */
final class TextOutput implements OutputListener {
    private final OutputSink sink;
    private final Part stdout;
    private final Part stderr;

    TextOutput(OutputSink sink, long bound) {
        this.sink = sink;
        this.stdout = new Part("stdout", bound);
        this.stderr = new Part("stderr", bound);
    }

    @Override
    public synchronized void wrote(Stream stream, byte[] chunk) {
        part(stream).wrote(chunk);
    }

    @Override
    public synchronized void noticed(String what) {
        sink.put("fence", what);
    }

    /** Nothing more comes of the program. */
    synchronized void end() {
        stdout.end();
        stderr.end();
    }

    private Part part(Stream stream) {
        return switch (stream) {
            case STDOUT -> stdout;
            case STDERR -> stderr;
        };
    }

    private final class Part {
        private final String channel;
        private final Utf8Pieces text = new Utf8Pieces();
        private long room;

        Part(String channel, long bound) {
            this.channel = channel;
            this.room = bound;
        }

        void wrote(byte[] chunk) {
            int length = (int) Math.min(chunk.length, room);
            room -= length;
            put(text.next(length == chunk.length ? chunk : Arrays.copyOf(chunk, length)));
        }

        void end() {
            if (room > 0) {
                put(text.end());
            }
        }

        private void put(String piece) {
            if (!piece.isEmpty()) {
                sink.put(channel, piece);
            }
        }
    }
}
