package dev.ringfence.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GgufHeaderTest {
    /** The format's number of this type. */
    private static final int UINT32 = 4;

    private static final Path TINY = Path.of("../src/demo/ringfence-tiny-q8_0.gguf");

    @TempDir
    Path directory;

    @Test
    void theHeadOfTheModelThatShipsWithTheProjectIsRead() throws IOException {
        var header = GgufHeader.read(TINY);

        assertThat(header.architecture()).isEqualTo("llama");
        assertThat(header.contextLength()).isEqualTo(512);
        assertThat(header.quantization()).isEqualTo("Q8_0");
        assertThat(header.parameters()).isBetween(2_000_000L, 4_000_000L);
        assertThat(header.chatTemplate()).isTrue();
        assertThat(header.fileBytes()).isEqualTo(Files.size(TINY));
        assertThat(header.splitCount()).isOne();
        assertThat(header.memoryFor(2048).bytes())
                .isGreaterThan(header.memoryFor(512).bytes())
                .isGreaterThan(header.fileBytes());
    }

    /** The numbers are llama.cpp's; a file that was made for none so far may have its -1. */
    @ParameterizedTest
    @CsvSource({"-1, NONE", "0, NONE", "1, ONE_VECTOR", "2, ONE_VECTOR", "3, ONE_VECTOR", "4, RANK"})
    void howVectorsOfTokensBecomeOneIsRead(int type, GgufHeader.Pooling pooling) throws IOException {
        var bytes = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN).put(head(3, 0, 2));
        text(bytes, "general.architecture").putInt(GgmlTypes.TEXT);
        text(text(bytes, "llama"), "llama.pooling_type").putInt(UINT32).putInt(type);

        assertThat(GgufHeader.read(file(Arrays.copyOf(bytes.array(), bytes.position())))
                        .pooling())
                .isEqualTo(pooling);
        assertThat(GgufHeader.read(TINY).pooling()).isEqualTo(GgufHeader.Pooling.NONE);
    }

    @Test
    void version2IsReadAsVersion3Is() throws IOException {
        var bytes = Files.readAllBytes(TINY);
        bytes[4] = 2;

        assertThat(GgufHeader.read(file(bytes)).version()).isEqualTo(2);
    }

    @Test
    void aCutFileIsToldByTheTensorThatIsNotWholeAnyMore() throws IOException {
        var bytes = Files.readAllBytes(TINY);

        assertThatThrownBy(() -> GgufHeader.read(file(Arrays.copyOf(bytes, bytes.length - 100_000))))
                .isInstanceOf(GgufException.class)
                .hasMessageMatching("it is cut off: tensor \\S+ should end at byte \\d+, and the file has \\d+ bytes");
    }

    @Test
    void whateverIsCutAnywhereInTheHeadIsAnErrorAndNothingElse() throws IOException {
        var bytes = Files.readAllBytes(TINY);

        for (int length = 0; length < 40_000; length += 1 + length / 50) {
            var cut = file(Arrays.copyOf(bytes, length));
            assertThatThrownBy(() -> GgufHeader.read(cut)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void otherFilesAndOtherVersionsAreRefusedInWords() throws IOException {
        assertThatThrownBy(() -> GgufHeader.read(
                        file("#!/bin/sh\necho hello, this is no model\n".getBytes(StandardCharsets.UTF_8))))
                .hasMessage("it does not begin with the letters GGUF");
        assertThatThrownBy(() -> GgufHeader.read(file(head(1, 0, 0)))).hasMessageContaining("it has version 1");
        assertThatThrownBy(() -> GgufHeader.read(file(head(Integer.reverseBytes(3), 0, 0))))
                .hasMessage("it is written for big-endian machines");
        assertThatThrownBy(() -> GgufHeader.read(file(head(3, 0, 0)))).hasMessage("it has no key general.architecture");
    }

    @Test
    void countsThatTheFileCannotHoldAreRefusedBeforeAnythingIsDoneWithThem() throws IOException {
        assertThatThrownBy(() -> GgufHeader.read(file(head(3, 0, Long.MAX_VALUE))))
                .hasMessageContaining("keys");
        assertThatThrownBy(() -> GgufHeader.read(file(head(3, -1, 0)))).hasMessageContaining("tensors");
        assertThatThrownBy(() -> GgufHeader.read(file(withKey(ByteBuffer.allocate(12)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(GgmlTypes.TEXT)
                        .putLong(Long.MAX_VALUE)))))
                .hasMessageContaining("text of 9223372036854775807 bytes");
        assertThatThrownBy(() -> GgufHeader.read(file(withKey(ByteBuffer.allocate(64)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(GgmlTypes.ARRAY)
                        .putInt(GgmlTypes.ARRAY)
                        .putLong(1L << 60)))))
                .hasMessageContaining("elements of k, more than it can hold");
        assertThatThrownBy(() -> GgufHeader.read(file(withKey(
                        ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putInt(77)))))
                .hasMessage("key k has a value of the unknown type 77");
    }

    @Test
    void arraysOfArraysDoNotOverflowTheStack() throws IOException {
        var deep = ByteBuffer.allocate(12 * 1000 + 4).order(ByteOrder.LITTLE_ENDIAN);
        deep.putInt(GgmlTypes.ARRAY);
        for (int i = 0; i < 1000; i++) {
            deep.putInt(GgmlTypes.ARRAY).putLong(1);
        }

        assertThatThrownBy(() -> GgufHeader.read(file(withKey(deep)))).hasMessageContaining("nested");
    }

    @Test
    void numbersThatNoHostHasTheMemoryForMakeNoModelAndNoOtherErrorThanAMistakeInTheCatalog() throws IOException {
        var claims = file(withMostOfEverything());

        assertThatThrownBy(() -> GgufHeader.read(claims).memoryFor(16_384))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("for 16384 tokens it would need more than 1073741824 MB");
        var model = """
                [[slm.model_allow_lists.global_models]]
                id = "m"
                provider = { LocalFile = { file_path = "%s" } }
                capabilities = ["TextGeneration"]
                """.formatted(claims);
        assertThatThrownBy(() -> Catalog.parse(model, "test.toml"))
                .isInstanceOf(CatalogException.class)
                .hasMessageContaining("its min_memory_mb cannot be estimated")
                .hasMessageContaining("it would need more than");
        var known = Catalog.parse(model + "resource_requirements = { min_memory_mb = 1 }\n", "test.toml");
        assertThat(known.warnings()).singleElement().asString().contains("it would need more than");
    }

    @Test
    void aPipeInPlaceOfAFileIsRefusedAndNobodyWaitsForWhoWritesToIt() throws Exception {
        var pipe = directory.resolve("pipe.gguf");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString())
                        .inheritIO()
                        .start()
                        .waitFor())
                .isZero();

        Assertions.assertTimeoutPreemptively(
                Duration.ofMinutes(2),
                () -> assertThatThrownBy(() -> GgufHeader.read(pipe)).hasMessage("it is no regular file"));
        assertThatThrownBy(() -> GgufHeader.read(directory)).hasMessage("it is no regular file");
    }

    /** Each seed names a damage that can be made again. */
    @Test
    void whateverABitFlipMakesOfTheHeadItIsReadOrRefusedInTimeAndMemory() throws IOException {
        var bytes = Files.readAllBytes(TINY);
        var target = directory.resolve("flipped.gguf");
        Assertions.assertTimeoutPreemptively(Duration.ofMinutes(2), () -> {
            for (int seed = 0; seed < 1500; seed++) {
                var random = new Random(seed);
                var damaged = Arrays.copyOf(bytes, 200_000 + random.nextInt(100));
                int flips = 1 + random.nextInt(4);
                for (int i = 0; i < flips; i++) {
                    int at = random.nextInt(i == 0 ? 400 : 40_000);
                    damaged[at] = (byte) random.nextInt(256);
                }
                Files.write(target, damaged);
                refusedInWords(target, seed);
            }
        });
    }

    private static void refusedInWords(Path target, int seed) {
        try {
            assertThat(GgufHeader.read(target)).as("seed " + seed).isNotNull();
        } catch (IOException e) {
            assertThat(e.getMessage()).as("seed " + seed).isNotBlank();
        }
    }

    private Path file(byte[] bytes) throws IOException {
        return Files.write(directory.resolve("m.gguf"), bytes);
    }

    private static byte[] head(int version, long tensors, long keys) {
        return ByteBuffer.allocate(24)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put("GGUF".getBytes(StandardCharsets.US_ASCII))
                .putInt(version)
                .putLong(tensors)
                .putLong(keys)
                .array();
    }

    private static byte[] withMostOfEverything() {
        var sizes = List.of(
                "block_count", "embedding_length", "context_length", "attention.key_length", "attention.value_length");
        var bytes = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN).put(head(3, 0, 1 + sizes.size()));
        text(bytes, "general.architecture").putInt(GgmlTypes.TEXT);
        text(bytes, "llama");
        sizes.forEach(size -> text(bytes, "llama." + size).putInt(UINT32).putInt(Integer.MAX_VALUE));
        return Arrays.copyOf(bytes.array(), bytes.position());
    }

    private static ByteBuffer text(ByteBuffer target, String text) {
        return target.putLong(text.length()).put(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** With one key, named k. */
    private static byte[] withKey(ByteBuffer value) {
        var bytes = new byte[value.capacity()];
        value.rewind().get(bytes);
        return ByteBuffer.allocate(24 + 9 + value.capacity())
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(head(3, 0, 1))
                .putLong(1)
                .put((byte) 'k')
                .put(bytes)
                .array();
    }
}
