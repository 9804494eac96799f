package dev.ringfence.blackbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Makes a body that is nearly right of one that is. */
final class FuzzJson {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    /** Stands for what a tree cannot hold; replaced in the text. */
    private static final String RAW = "@raw@";

    private static final List<byte[]> NO_UTF_8 = List.of(
            new byte[] {(byte) 0xff},
            new byte[] {(byte) 0xc3, 0x28},
            new byte[] {(byte) 0xed, (byte) 0xa0, (byte) 0x80},
            new byte[] {(byte) 0xf4, (byte) 0x90, (byte) 0x80, (byte) 0x80},
            new byte[] {0});

    private FuzzJson() {}

    static byte[] mutate(String valid, Random random) {
        var tree = Api.json(valid);
        var text = valid;
        if (random.nextInt(8) > 0) {
            for (int i = random.nextInt(3); i >= 0; i--) {
                change(tree, random);
            }
            text = tree.toString();
            while (text.contains('"' + RAW + '"')) {
                text = text.replaceFirst('"' + RAW + '"', raw(random));
            }
        }
        return switch (random.nextInt(12)) {
            case 0 -> spliced(text, NO_UTF_8.get(random.nextInt(NO_UTF_8.size())), random);
            case 1 -> Arrays.copyOf(bytes(text), random.nextInt(bytes(text).length + 1));
            case 2 -> flipped(text, random);
            case 3 -> bytes(text.replaceFirst("\\{\\s*(\"[^\"]*\")\\s*:", "{$1:1,$1:"));
            case 4 -> bytes(text + (random.nextBoolean() ? text : "]"));
            case 5 -> spliced(text, bytes(FuzzWords.any(random)), random);
            default -> bytes(text);
        };
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** What no tree can hold, as JSON or nearly. It is a replacement for a regular expression. */
    private static String raw(Random random) {
        int depth = 1 << random.nextInt(14);
        return switch (random.nextInt(8)) {
            case 0 -> "[".repeat(depth) + "]".repeat(depth);
            case 1 -> "{\"a\":".repeat(depth) + "1" + "}".repeat(depth);
            case 2 -> "9".repeat(1 + random.nextInt(1_500));
            case 3 -> "1e" + "9".repeat(1 + random.nextInt(12));
            case 4 -> "-1e-" + "9".repeat(1 + random.nextInt(12));
            case 5 -> "\"\\\\ud800\"";
            case 6 -> "\"\\\\u0000\"";
            default -> "NaN";
        };
    }

    private static void change(JsonNode tree, Random random) {
        var containers = new ArrayList<JsonNode>();
        collect(tree, containers);
        if (containers.isEmpty()) {
            return;
        }
        switch (containers.get(random.nextInt(containers.size()))) {
            case ObjectNode object -> change(object, random);
            case ArrayNode array -> change(array, random);
            default -> throw new IllegalStateException("a container is an object or an array");
        }
    }

    private static void collect(JsonNode json, List<JsonNode> containers) {
        if (json.isContainerNode()) {
            containers.add(json);
            json.forEach(child -> collect(child, containers));
        }
    }

    private static void change(ObjectNode object, Random random) {
        var names = new ArrayList<String>();
        object.fieldNames().forEachRemaining(names::add);
        if (names.isEmpty() || random.nextInt(8) == 0) {
            object.set(FuzzWords.any(random), value(random));
            return;
        }
        var name = names.get(random.nextInt(names.size()));
        switch (random.nextInt(6)) {
            case 0 -> object.remove(name);
            case 1 -> object.set(name, object.deepCopy());
            case 2 ->
                object.set(
                        names.get(random.nextInt(names.size())),
                        object.get(name).deepCopy());
            default -> object.set(name, value(random));
        }
    }

    private static void change(ArrayNode array, Random random) {
        switch (random.nextInt(4)) {
            case 0 -> array.removeAll();
            case 1 -> {
                if (!array.isEmpty()) {
                    var item = array.get(random.nextInt(array.size())).deepCopy();
                    for (int i = 1 << random.nextInt(9); i > 0; i--) {
                        array.add(item);
                    }
                }
            }
            default -> array.insert(random.nextInt(array.size() + 1), value(random));
        }
    }

    private static JsonNode value(Random random) {
        return switch (random.nextInt(12)) {
            case 0 -> JSON.nullNode();
            case 1 -> JSON.booleanNode(random.nextBoolean());
            case 2 -> JSON.numberNode(random.nextInt());
            case 3 -> JSON.numberNode(random.nextInt(10));
            case 4 -> JSON.numberNode(random.nextDouble() * Math.pow(10, random.nextInt(300)));
            case 5 -> JSON.objectNode();
            case 6 -> JSON.arrayNode().add(FuzzWords.any(random));
            case 7, 8 -> JSON.textNode(RAW);
            case 9 -> JSON.textNode("y".repeat(1 << random.nextInt(18)));
            default -> JSON.textNode(FuzzWords.any(random));
        };
    }

    private static byte[] spliced(String text, byte[] piece, Random random) {
        byte[] whole = bytes(text);
        int at = random.nextInt(whole.length + 1);
        byte[] result = new byte[whole.length + piece.length];
        System.arraycopy(whole, 0, result, 0, at);
        System.arraycopy(piece, 0, result, at, piece.length);
        System.arraycopy(whole, at, result, at + piece.length, whole.length - at);
        return result;
    }

    static byte[] flipped(String text, Random random) {
        byte[] bytes = bytes(text);
        for (int i = random.nextInt(4); i >= 0 && bytes.length > 0; i--) {
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return bytes;
    }
}
