package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.fence.LimitHit;
import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.Stream;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * Keeps a program's output and passes it on as text: what is not kept is not streamed either. What the fence notices comes
 * between, from other threads, so all of it is passed on under one lock.
 */
final class TextOutput implements OutputListener {
    private final OutputSink sink;
    private final Part stdout;
    private final Part stderr;

    /**
     * Keeps nothing yet.
     *
     * @param bound how many bytes of each stream are kept
     * @param secrets what is neither kept nor passed on
     * @param wanted how many bytes {@link #beginning} has at most
     */
    TextOutput(OutputSink sink, OutputFiles files, long bound, Collection<String> secrets, int wanted) {
        this.sink = sink;
        this.stdout = new Part("stdout", files, bound, new SecretMask(secrets), wanted);
        this.stderr = new Part("stderr", files, bound, new SecretMask(secrets), 0);
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

    /** There will be no result. */
    void giveUp() {
        stdout.output.giveUp();
        stderr.output.giveUp();
    }

    /** As results show it, once nothing more comes. */
    void show(ObjectNode data) {
        stdout.output.show(data);
        stderr.output.show(data);
    }

    /** The first bytes of the standard output, once nothing more comes. */
    byte[] beginning() {
        return stdout.beginning.toByteArray();
    }

    /** The bounds that the output came up against. */
    List<LimitHit> cut() {
        return java.util.stream.Stream.of(stdout, stderr)
                .flatMap(part -> part.output.cut().stream())
                .toList();
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
        private final KeptOutput output;
        private final SecretMask mask;
        private final ByteArrayOutputStream beginning = new ByteArrayOutputStream();
        private final int wanted;
        private boolean cut;

        Part(String channel, OutputFiles files, long bound, SecretMask mask, int wanted) {
            this.mask = mask;
            this.wanted = wanted;
            this.channel = channel;
            this.output = new KeptOutput(channel, files, bound);
        }

        void wrote(byte[] raw) {
            take(mask.next(raw));
        }

        private void take(byte[] chunk) {
            beginning.write(chunk, 0, Math.min(chunk.length, wanted - beginning.size()));
            int length = output.wrote(chunk);
            cut = cut || length < chunk.length;
            put(text.next(length == chunk.length ? chunk : Arrays.copyOf(chunk, length)));
        }

        void end() {
            take(mask.end());
            if (!cut) {
                put(text.end());
            }
            output.end();
        }

        private void put(String piece) {
            if (!piece.isEmpty()) {
                sink.put(channel, piece);
            }
        }
    }
}
