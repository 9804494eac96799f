package dev.ringfence.catalog;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;

/**
 * What the head of a GGUF file says about its model. Numbers that the file does not give are zero.
 *
 * @param version of the format, 2 or 3
 * @param architecture such as {@code llama}
 * @param name as its author calls it; empty when the file has none
 * @param contextLength tokens that the model was trained for
 * @param parameters of all tensors together
 * @param quantization such as {@code Q4_K_M}; that of the most bytes when the file does not say
 * @param chatTemplate whether the file brings its own
 * @param fileBytes the whole file
 * @param shape what the model's memory depends on
 * @param splitCount of how many files this one is the first; 1 for a whole model
 * @param pooling how the vectors of a text's tokens become one
 */
public record GgufHeader(
        int version,
        String architecture,
        String name,
        long contextLength,
        long parameters,
        String quantization,
        boolean chatTemplate,
        long fileBytes,
        Shape shape,
        int splitCount,
        Pooling pooling) {
    private static final long MEGABYTE = 1 << 20;

    /** What no host has: as much as a catalog may say that a model needs. */
    private static final double MOST_MEMORY = (double) ProfileReader.MOST_MEGABYTES * MEGABYTE;

    /** Tokens that an engine computes at once; llama.cpp's default. */
    private static final long BATCH = 512;

    /** The engine itself, its stacks and its small buffers. */
    private static final long ENGINE = 48 * MEGABYTE;

    public GgufHeader {
        Objects.requireNonNull(architecture);
        Objects.requireNonNull(name);
        Objects.requireNonNull(quantization);
        Objects.requireNonNull(shape);
        Objects.requireNonNull(pooling);
    }

    /** What a file says of its vectors. */
    public enum Pooling {
        /** Nothing, or that each token keeps its own. */
        NONE,
        /** A way that makes one of them. */
        ONE_VECTOR,
        /** A score in their place: the model puts texts into an order. */
        RANK
    }

    /**
     * Sizes of the network.
     *
     * @param keyValueWidth of the keys and the values of one layer and token together, in numbers
     * @param vocabulary how many tokens there are
     */
    public record Shape(long layers, long width, long keyValueWidth, long vocabulary) {}

    /**
     * Reads the head of a file. Its size is bounded, and no more memory is taken than a few of its strings need, whatever
     * the file claims.
     *
     * @throws GgufException when it is no such file, is damaged or cut off, or claims what cannot be
     * @throws IOException when it cannot be read
     */
    public static GgufHeader read(Path file) throws IOException {
        return GgufReader.read(file);
    }

    /**
     * What an engine needs to serve the model: the weights, which are mapped, keys and values for all tokens in 16 bits,
     * and what it computes with. An estimate that errs on the high side.
     *
     * @param tokens of all slots together
     * @throws GgufException when no host has as much, so that the file's numbers cannot be true
     */
    DataSize memoryFor(long tokens) throws GgufException {
        double cache = 2.0 * shape.layers() * shape.keyValueWidth() * tokens;
        double computing = 4.0 * BATCH * (shape.vocabulary() + 8.0 * shape.width());
        double bytes = fileBytes + cache + computing + ENGINE;
        if (!(bytes <= MOST_MEMORY)) {
            throw new GgufException("for %d tokens it would need more than %d MB, by its layers, widths and vocabulary"
                    .formatted(tokens, ProfileReader.MOST_MEGABYTES));
        }
        return DataSize.ofMegabytes((long) Math.ceil(bytes / MEGABYTE));
    }
}
