package dev.ringfence.catalog;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** The text of a catalog's file. What is named may be anything, so no more of it is read than a catalog can have. */
final class CatalogFile {
    static final int MOST_BYTES = 4 << 20;

    /** Some editors write it before UTF-8 text; TOML has nothing like it. */
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private CatalogFile() {}

    /** @throws CatalogException when it cannot be a catalog */
    static String read(Path file) {
        var source = file.toString();
        try {
            // A pipe would be waited for, and a device has no end.
            if (Files.exists(file) && !Files.isRegularFile(file)) {
                throw CatalogException.ofWhole(source, "it is no regular file", null);
            }
            var bytes = bytes(file);
            if (bytes.length > MOST_BYTES) {
                throw CatalogException.ofWhole(
                        source, "the file has more than " + (MOST_BYTES >> 20) + " MB, which no catalog needs", null);
            }
            var text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            return text.startsWith(BYTE_ORDER_MARK) ? text.substring(BYTE_ORDER_MARK.length()) : text;
        } catch (NoSuchFileException e) {
            throw CatalogException.ofWhole(source, "there is no such file", e);
        } catch (CharacterCodingException e) {
            throw CatalogException.ofWhole(source, "the file is not UTF-8 text", e);
        } catch (IOException e) {
            throw CatalogException.ofWhole(source, "the file cannot be read: " + e, e);
        }
    }

    private static byte[] bytes(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            return in.readNBytes(MOST_BYTES + 1);
        }
    }
}
