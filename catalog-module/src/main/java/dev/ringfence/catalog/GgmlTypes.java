package dev.ringfence.catalog;

import java.util.Map;
import java.util.Optional;

/** Numbers of GGUF: types of values, types of tensors, and names of files' quantizations, as ggml.h and llama.h have them. */
final class GgmlTypes {
    static final int TEXT = 8;
    static final int ARRAY = 9;

    /** Bytes of a value's types 0 to 12: 8 and 9 are text and array, which have no fixed size. */
    private static final int[] WIDTHS = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

    private static final int FLOAT32 = 6;
    private static final int BOOL = 7;
    private static final int FLOAT64 = 12;

    /** Elements that are kept together, and the bytes that they take. */
    private record Block(String name, int elements, int bytes) {}

    private static final Map<Integer, Block> TENSORS = Map.ofEntries(
            Map.entry(0, new Block("F32", 1, 4)),
            Map.entry(1, new Block("F16", 1, 2)),
            Map.entry(2, new Block("Q4_0", 32, 18)),
            Map.entry(3, new Block("Q4_1", 32, 20)),
            Map.entry(6, new Block("Q5_0", 32, 22)),
            Map.entry(7, new Block("Q5_1", 32, 24)),
            Map.entry(8, new Block("Q8_0", 32, 34)),
            Map.entry(9, new Block("Q8_1", 32, 36)),
            Map.entry(10, new Block("Q2_K", 256, 84)),
            Map.entry(11, new Block("Q3_K", 256, 110)),
            Map.entry(12, new Block("Q4_K", 256, 144)),
            Map.entry(13, new Block("Q5_K", 256, 176)),
            Map.entry(14, new Block("Q6_K", 256, 210)),
            Map.entry(15, new Block("Q8_K", 256, 292)),
            Map.entry(16, new Block("IQ2_XXS", 256, 66)),
            Map.entry(17, new Block("IQ2_XS", 256, 74)),
            Map.entry(18, new Block("IQ3_XXS", 256, 98)),
            Map.entry(19, new Block("IQ1_S", 256, 50)),
            Map.entry(20, new Block("IQ4_NL", 32, 18)),
            Map.entry(21, new Block("IQ3_S", 256, 110)),
            Map.entry(22, new Block("IQ2_S", 256, 82)),
            Map.entry(23, new Block("IQ4_XS", 256, 136)),
            Map.entry(24, new Block("I8", 1, 1)),
            Map.entry(25, new Block("I16", 1, 2)),
            Map.entry(26, new Block("I32", 1, 4)),
            Map.entry(27, new Block("I64", 1, 8)),
            Map.entry(28, new Block("F64", 1, 8)),
            Map.entry(29, new Block("IQ1_M", 256, 56)),
            Map.entry(30, new Block("BF16", 1, 2)),
            Map.entry(34, new Block("TQ1_0", 256, 54)),
            Map.entry(35, new Block("TQ2_0", 256, 66)),
            Map.entry(39, new Block("MXFP4", 32, 17)));

    private static final Map<Integer, String> FILES = Map.ofEntries(
            Map.entry(0, "F32"),
            Map.entry(1, "F16"),
            Map.entry(2, "Q4_0"),
            Map.entry(3, "Q4_1"),
            Map.entry(7, "Q8_0"),
            Map.entry(8, "Q5_0"),
            Map.entry(9, "Q5_1"),
            Map.entry(10, "Q2_K"),
            Map.entry(11, "Q3_K_S"),
            Map.entry(12, "Q3_K_M"),
            Map.entry(13, "Q3_K_L"),
            Map.entry(14, "Q4_K_S"),
            Map.entry(15, "Q4_K_M"),
            Map.entry(16, "Q5_K_S"),
            Map.entry(17, "Q5_K_M"),
            Map.entry(18, "Q6_K"),
            Map.entry(19, "IQ2_XXS"),
            Map.entry(20, "IQ2_XS"),
            Map.entry(21, "Q2_K_S"),
            Map.entry(22, "IQ3_XS"),
            Map.entry(23, "IQ3_XXS"),
            Map.entry(24, "IQ1_S"),
            Map.entry(25, "IQ4_NL"),
            Map.entry(26, "IQ3_S"),
            Map.entry(27, "IQ3_M"),
            Map.entry(28, "IQ2_S"),
            Map.entry(29, "IQ2_M"),
            Map.entry(30, "IQ4_XS"),
            Map.entry(31, "IQ1_M"),
            Map.entry(32, "BF16"),
            Map.entry(36, "TQ1_0"),
            Map.entry(37, "TQ2_0"),
            Map.entry(38, "MXFP4_MOE"));

    private GgmlTypes() {}

    /** Bytes of a value; zero for text, arrays and what is unknown. */
    static int width(int type) {
        return type >= 0 && type < WIDTHS.length ? WIDTHS[type] : 0;
    }

    static boolean whole(int type) {
        return width(type) > 0 && type != FLOAT32 && type != FLOAT64 && type != BOOL;
    }

    /** What a tensor takes; zero when the type is newer than this table, negative when it cannot be. */
    static long bytes(int type, long elements) {
        var block = TENSORS.get(type);
        if (block == null) {
            return 0;
        }
        long blocks = Math.ceilDiv(elements, (long) block.elements());
        return blocks > Long.MAX_VALUE / block.bytes() ? -1 : blocks * block.bytes();
    }

    static String name(int type) {
        var block = TENSORS.get(type);
        return block == null ? "type " + Integer.toUnsignedString(type) : block.name();
    }

    static Optional<String> fileType(long number) {
        return Optional.ofNullable(FILES.get((int) Math.clamp(number, -1L, Integer.MAX_VALUE)));
    }
}
