package dev.ringfence.catalog;

import dev.ringfence.catalog.GgufHeader.Pooling;
import dev.ringfence.catalog.GgufHeader.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads GGUF versions 2 and 3, as llama.cpp's {@code docs/gguf.md} describes them: magic, version, numbers of tensors and
 * of keys, then the keys with typed values, then for each tensor its name, dimensions, type and place. The file comes from
 * strangers: each count is compared with what the rest of the file can hold before anything is done with it.
 */
final class GgufReader {
    private static final int MAGIC = 0x46554747; // "GGUF", little-endian
    private static final long MOST_KEYS = 1 << 16;
    private static final long MOST_TENSORS = 1 << 16;
    private static final int MOST_NAME = 256;
    private static final int MOST_TEXT = 4096;
    private static final int MOST_DIMENSIONS = 4;
    private static final int MOST_NESTING = 4;
    private static final long DEFAULT_ALIGNMENT = 32;

    /** Of values: key, type, and at least one byte. */
    private static final int LEAST_KEY = 8 + 4 + 1;

    /** Of tensors: name, number of dimensions, type, offset. */
    private static final int LEAST_TENSOR = 8 + 4 + 4 + 8;

    /** Keys whose values are wanted; others are skipped. */
    private static final List<String> WANTED = List.of(
            "general.architecture",
            "general.name",
            "general.file_type",
            "general.alignment",
            "split.count",
            ".context_length",
            ".embedding_length",
            ".block_count",
            ".attention.head_count",
            ".attention.head_count_kv",
            ".attention.key_length",
            ".attention.value_length",
            ".vocab_size",
            ".pooling_type");

    /** Of pooling types. */
    private static final int RANK = 4;

    private static final String TEMPLATE = "tokenizer.chat_template";
    private static final String TOKENS = "tokenizer.ggml.tokens";

    private final GgufInput in;
    private final Map<String, Long> numbers = new HashMap<>();
    private final Map<String, String> texts = new HashMap<>();
    private long tokens;
    private boolean template;

    private GgufReader(GgufInput in) {
        this.in = in;
    }

    static GgufHeader read(Path file) throws IOException {
        try (var in = GgufInput.open(file)) {
            return new GgufReader(in).header();
        }
    }

    private GgufHeader header() throws IOException {
        if (in.size() < 24 || in.int32() != MAGIC) {
            throw new GgufException("it does not begin with the letters GGUF");
        }
        int version = in.int32();
        if (version == Integer.reverseBytes(2) || version == Integer.reverseBytes(3)) {
            throw new GgufException("it is written for big-endian machines");
        }
        if (version != 2 && version != 3) {
            throw new GgufException("it has version " + Integer.toUnsignedString(version)
                    + " of the format; versions 2 and 3 can be read");
        }
        long tensors = in.count("tensors", MOST_TENSORS, LEAST_TENSOR);
        long keys = in.count("keys", MOST_KEYS, LEAST_KEY);
        keys(keys);
        var weights = tensors(tensors);
        var architecture = texts.getOrDefault("general.architecture", "");
        if (architecture.isEmpty()) {
            throw new GgufException("it has no key general.architecture");
        }
        return new GgufHeader(
                version,
                architecture,
                texts.getOrDefault("general.name", ""),
                of(architecture, "context_length"),
                weights.parameters(),
                GgmlTypes.fileType(numbers.getOrDefault("general.file_type", -1L))
                        .orElse(weights.mostBytes()),
                template,
                in.size(),
                shape(architecture),
                (int) Math.max(1, Math.min(Integer.MAX_VALUE, numbers.getOrDefault("split.count", 1L))),
                pooling(numbers.getOrDefault(architecture + ".pooling_type", 0L)));
    }

    private static Pooling pooling(long type) {
        return switch ((int) type) {
            case -1, 0 -> Pooling.NONE; // Some files have the number for none so far.
            case RANK -> Pooling.RANK;
            default -> Pooling.ONE_VECTOR;
        };
    }

    private void keys(long count) throws IOException {
        var seen = new HashSet<String>();
        for (long i = 0; i < count; i++) {
            var key = in.text(MOST_NAME);
            if (!seen.add(key)) {
                throw new GgufException("key " + printable(key) + " is there twice");
            }
            value(key, in.int32());
        }
    }

    private void value(String key, int type) throws IOException {
        if (type == GgmlTypes.TEXT) {
            text(key);
        } else if (type == GgmlTypes.ARRAY) {
            array(key);
        } else {
            int width = GgmlTypes.width(type);
            if (width == 0) {
                throw new GgufException(
                        "key " + printable(key) + " has a value of the unknown type " + Integer.toUnsignedString(type));
            }
            if (wanted(key) && GgmlTypes.whole(type)) {
                numbers.put(key, in.whole(width));
            } else {
                in.skip(width);
            }
        }
    }

    private void text(String key) throws IOException {
        if (wanted(key)) {
            texts.put(key, printable(in.text(MOST_TEXT)));
        } else {
            long length = in.skipText();
            template |= key.equals(TEMPLATE) && length > 0;
        }
    }

    private void array(String key) throws IOException {
        int type = in.int32();
        int width = type == GgmlTypes.TEXT ? 8 : Math.max(1, GgmlTypes.width(type));
        long count = in.count("elements of " + printable(key), Long.MAX_VALUE, width);
        if (key.equals(TOKENS)) {
            tokens = count;
        }
        if (wanted(key) && GgmlTypes.whole(type)) {
            // One number for each layer: the largest decides what is needed.
            long most = 0;
            for (long i = 0; i < count; i++) {
                most = Math.max(most, in.whole(width));
            }
            numbers.put(key, most);
        } else {
            skipElements(key, type, count, 1);
        }
    }

    private void skipElements(String key, int type, long count, int depth) throws IOException {
        if (type == GgmlTypes.TEXT) {
            for (long i = 0; i < count; i++) {
                var _ = in.skipText();
            }
        } else if (type == GgmlTypes.ARRAY) {
            if (depth == MOST_NESTING) {
                throw new GgufException(
                        "key " + printable(key) + " has arrays nested more than " + MOST_NESTING + " deep");
            }
            for (long i = 0; i < count; i++) {
                int inner = in.int32();
                int width = inner == GgmlTypes.TEXT ? 8 : Math.max(1, GgmlTypes.width(inner));
                skipElements(key, inner, in.count("elements of " + printable(key), Long.MAX_VALUE, width), depth + 1);
            }
        } else if (GgmlTypes.width(type) == 0) {
            throw new GgufException(
                    "key " + printable(key) + " has elements of the unknown type " + Integer.toUnsignedString(type));
        } else {
            in.skip(Math.multiplyExact(count, (long) GgmlTypes.width(type)));
        }
    }

    /** What the tensors have together. */
    private record Weights(long parameters, String mostBytes) {}

    /** One tensor's place after the head. */
    private record Place(String name, long offset, long bytes) {}

    private Weights tensors(long count) throws IOException {
        long parameters = 0;
        var byType = new HashMap<String, Long>();
        Set<String> names = new HashSet<>();
        var places = new ArrayList<Place>();
        for (long i = 0; i < count; i++) {
            var name = in.text(MOST_NAME);
            if (!names.add(name)) {
                throw new GgufException("tensor " + printable(name) + " is there twice");
            }
            long elements = elements(name);
            int type = in.int32();
            long offset = in.int64();
            long bytes = GgmlTypes.bytes(type, elements);
            if (offset < 0 || bytes < 0) {
                throw new GgufException("tensor " + printable(name) + " has an impossible size or place");
            }
            places.add(new Place(name, offset, bytes));
            parameters = add(parameters, elements, name);
            byType.merge(GgmlTypes.name(type), bytes, Long::sum);
        }
        checkPlaces(places);
        var most = byType.entrySet().stream()
                .max(Map.Entry.<String, Long>comparingByValue().thenComparing(Map.Entry.comparingByKey()))
                .map(Map.Entry::getKey)
                .orElse("");
        return new Weights(parameters, most);
    }

    private long elements(String name) throws IOException {
        int dimensions = in.int32();
        if (dimensions < 1 || dimensions > MOST_DIMENSIONS) {
            throw new GgufException("tensor " + printable(name) + " has " + Integer.toUnsignedString(dimensions)
                    + " dimensions; 1 to " + MOST_DIMENSIONS + " are possible");
        }
        long elements = 1;
        for (int i = 0; i < dimensions; i++) {
            long size = in.int64();
            if (size < 1 || Math.multiplyHigh(elements, size) != 0 || elements * size < 0) {
                throw new GgufException("tensor " + printable(name) + " has an impossible size");
            }
            elements *= size;
        }
        return elements;
    }

    private static long add(long sum, long more, String name) throws GgufException {
        if (sum > Long.MAX_VALUE - more) {
            throw new GgufException("tensor " + printable(name) + " has an impossible size");
        }
        return sum + more;
    }

    /** A download that broke off is the most common damage: all that the head promises has to be there. */
    private void checkPlaces(List<Place> places) throws GgufException {
        long alignment = numbers.getOrDefault("general.alignment", DEFAULT_ALIGNMENT);
        if (alignment < 1 || alignment > 1 << 20) {
            throw new GgufException("general.alignment cannot be " + alignment);
        }
        long data = Math.ceilDiv(in.position(), alignment) * alignment;
        for (var place : places) {
            long left = in.size() - data;
            if (left < 0 || place.offset() > left || place.bytes() > left - place.offset()) {
                throw new GgufException("it is cut off: tensor %s should end at byte %s, and the file has %d bytes"
                        .formatted(
                                printable(place.name()),
                                Long.toUnsignedString(data + place.offset() + place.bytes()),
                                in.size()));
            }
        }
    }

    private Shape shape(String architecture) {
        long layers = of(architecture, "block_count");
        long width = of(architecture, "embedding_length");
        long heads = Math.max(1, of(architecture, "attention.head_count"));
        long keyValueHeads = numbers.getOrDefault(architecture + ".attention.head_count_kv", heads);
        long key = of(architecture, "attention.key_length");
        long value = of(architecture, "attention.value_length");
        long head = width / heads;
        long keyValueWidth = saturated(keyValueHeads, (key > 0 ? key : head) + (value > 0 ? value : head));
        return new Shape(layers, width, keyValueWidth, tokens > 0 ? tokens : of(architecture, "vocab_size"));
    }

    private static long saturated(long a, long b) {
        return Math.multiplyHigh(a, b) != 0 || a * b < 0 ? Long.MAX_VALUE : a * b;
    }

    /** A number of the architecture; what cannot be one is as good as none. */
    private long of(String architecture, String key) {
        return Math.clamp(numbers.getOrDefault(architecture + "." + key, 0L), 0, Integer.MAX_VALUE);
    }

    private static boolean wanted(String key) {
        return WANTED.stream().anyMatch(wanted -> wanted.startsWith(".") ? key.endsWith(wanted) : key.equals(wanted));
    }

    /** For messages and the API: short, and without what a terminal or a log would act on. */
    private static String printable(String text) {
        var shown = text.length() <= 100 ? text : text.substring(0, 100) + "…";
        return shown.codePoints()
                .map(c -> Character.isISOControl(c) || !Character.isDefined(c) ? '\ufffd' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
