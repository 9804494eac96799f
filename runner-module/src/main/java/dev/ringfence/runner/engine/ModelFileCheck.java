package dev.ringfence.runner.engine;

import dev.ringfence.catalog.GgufHeader;
import dev.ringfence.runner.engine.EngineException.ChecksumMismatch;
import dev.ringfence.runner.engine.EngineException.ModelFileInvalid;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Whether a model's file is what it should be, before an engine gets it. A checksum is kept for as long as the file has
 * the same inode, size and time of change; reading gigabytes takes seconds. Thread-safe.
 */
final class ModelFileCheck {
    private static final int BUFFER = 1 << 20;
    private static final int MOST_KEPT = 256;

    private static final Map<FileStamp, String> CHECKSUMS = Collections.synchronizedMap(new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<FileStamp, String> eldest) {
            return size() > MOST_KEPT;
        }
    });

    private ModelFileCheck() {}

    /**
     * Blocks while it reads.
     *
     * @param file of the model, behind all links
     * @throws EngineException when it is no GGUF file, or another one than the catalog means
     */
    static GgufHeader check(LocalModel model, Path file) {
        try {
            var header = GgufHeader.read(file);
            if (header.splitCount() > 1) {
                throw new ModelFileInvalid(
                        "the file of model %s, %s, is one of %d parts; join them with llama-gguf-split --merge"
                                .formatted(model.id(), model.file(), header.splitCount()));
            }
            if (model.sha256() != null) {
                compare(model, file, model.sha256());
            }
            return header;
        } catch (IOException e) {
            throw new ModelFileInvalid("the file of model %s, %s, is no GGUF file that can be used: %s; replace it"
                    .formatted(model.id(), model.file(), e.getMessage()));
        }
    }

    private static void compare(LocalModel model, Path file, String expected) throws IOException {
        var stamp = FileStamp.of(file);
        var known = CHECKSUMS.get(stamp);
        var actual = known == null ? sha256(file) : known;
        if (!stamp.equals(FileStamp.of(file))) {
            throw new IOException("it was changed while its checksum was being computed");
        }
        CHECKSUMS.put(stamp, actual);
        if (!Objects.equals(actual, expected)) {
            throw new ChecksumMismatch(
                    "the file of model %s, %s, has the SHA-256 %s, and the catalog says %s: replace the file, or correct the catalog"
                            .formatted(model.id(), model.file(), actual, expected),
                    expected,
                    actual);
        }
    }

    private static String sha256(Path file) throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
            var digest = MessageDigest.getInstance("SHA-256");
            var buffer = ByteBuffer.allocateDirect(BUFFER);
            while (channel.read(buffer) >= 0) {
                digest.update(buffer.flip());
                buffer.clear();
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
