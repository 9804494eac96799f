package dev.ringfence.wal.log;

import io.smallrye.mutiny.Uni;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Small logs for tests: segments of 4 KiB, acknowledgements on the writer's own thread. */
final class Logs {
    static final int SEGMENT = 4096;
    static final LogOptions SMALL =
            LogOptions.defaults().withSizes(SEGMENT, 1024).withAcknowledgements(Runnable::run);

    private Logs() {}

    static WriteAheadLog open(Path directory) {
        return open(directory, new DiskStorage());
    }

    static WriteAheadLog open(Path directory, Storage storage) {
        return SegmentedLog.recover(directory, SMALL, storage, (sequence, time, payload) -> {})
                .log();
    }

    /** Appends each text on its own, so each is a group of its own. */
    static void write(Path directory, String... texts) {
        try (var log = open(directory)) {
            for (var text : texts) {
                append(log, text);
            }
        }
    }

    static long append(WriteAheadLog log, String text) {
        return await(log.append(bytes(text)));
    }

    static CompletableFuture<Long> start(WriteAheadLog log, String text) {
        return future(log.append(bytes(text)));
    }

    static CompletableFuture<Long> future(CompletionStage<Long> appended) {
        return appended.toCompletableFuture();
    }

    /** Throws what it fails with. */
    static long await(CompletionStage<Long> appended) {
        return Uni.createFrom().completionStage(appended).await().atMost(Duration.ofMinutes(2));
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    record Recovered(List<String> texts, Tail tail) {}

    static Recovered recover(Path directory) {
        var texts = new ArrayList<String>();
        var recovered = SegmentedLog.recover(directory, SMALL, new DiskStorage(), (sequence, time, payload) -> {
            texts.add(new String(payload, StandardCharsets.UTF_8));
            if (sequence != texts.size()) {
                throw new AssertionError("record " + sequence + " in place " + texts.size());
            }
        });
        recovered.log().close();
        return new Recovered(texts, recovered.tail());
    }

    static Path segment(Path directory, long number) {
        return new SegmentDirectory(directory, new DiskStorage()).file(number);
    }

    /** Where the frames of a segment stand: each offset, and the end after the last. */
    static List<Integer> offsets(Path file) throws IOException {
        return offsets(Files.readAllBytes(file));
    }

    static List<Integer> offsets(byte[] segment) {
        var content = ByteBuffer.wrap(segment);
        var offsets = new ArrayList<Integer>();
        var at = SegmentHeader.SIZE;
        while (at + Frame.HEADER < content.limit() && content.getInt(at) > 0) {
            offsets.add(at);
            at += Frame.sizeOf(content.getInt(at));
        }
        offsets.add(at);
        return offsets;
    }

    /** All files and their content, but the lock's. */
    static Map<String, String> snapshot(Path directory) throws IOException {
        var all = new TreeMap<String, String>();
        try (var files = Files.list(directory)) {
            for (var file : files.toList()) {
                var name = file.getFileName().toString();
                if (!name.endsWith(".lock")) {
                    all.put(name, Arrays.toString(Files.readAllBytes(file)));
                }
            }
        }
        return all;
    }
}
