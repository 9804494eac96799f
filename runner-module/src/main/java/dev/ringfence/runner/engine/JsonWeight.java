package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * What JSON takes of the heap, roughly and rather too much than too little: small texts grow much when they become a
 * tree, a body of empty lists to twenty times its length. Pure.
 */
public final class JsonWeight {
    private static final int VALUE = 32;
    private static final int TEXT = 56;
    private static final int ARRAY = 64;
    private static final int OBJECT = 160;

    /** Of an array, and of a list's spare room. */
    private static final int ITEM = 8;

    /** Of a map, with its name's own bytes to come. */
    private static final int FIELD = 112;

    private JsonWeight() {}

    /** In bytes. */
    public static long of(JsonNode json) {
        return switch (json.getNodeType()) {
            case OBJECT -> {
                long weight = OBJECT;
                for (var field : json.properties()) {
                    weight += FIELD + of(field.getKey()) + of(field.getValue());
                }
                yield weight;
            }
            case ARRAY -> {
                long weight = ARRAY;
                for (var item : json) {
                    weight += ITEM + of(item);
                }
                yield weight;
            }
            case STRING -> TEXT + of(json.textValue());
            case NUMBER -> VALUE + (json.isBigInteger() ? json.bigIntegerValue().bitLength() / Byte.SIZE : 0);
            default -> VALUE;
        };
    }

    /** A text takes twice the room when one of its characters is beyond Latin-1. */
    private static long of(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) > 0xff) {
                return 2L * text.length();
            }
        }
        return text.length();
    }
}
