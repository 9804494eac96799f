package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.EngineException.Misbehaved;
import dev.ringfence.runner.engine.GenerationEvent.Vectors;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * The form in which vectors are passed on: one for each input, in their order, all of the same length, and written as the
 * request asks for, whichever of both ways the service knows. Clients take what comes for that: of numbers where Base64 was
 * asked for, some make empty vectors without a word.
 *
 * @param who answers, for messages
 * @param base64 whether that of the numbers, as little-endian floats, was asked for, and not they themselves
 */
record VectorForm(String who, boolean base64) {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    /** What the numbers take of the heap for each character of their Base64, and what is needed to get at them. */
    private static final int HEAP_OF_A_CHARACTER = 10;

    static VectorForm of(String who, GenerationRequest request) {
        return new VectorForm(
                who, request.body().path("encoding_format").asText().equals("base64"));
    }

    /**
     * The vectors of an answer, which is used up.
     *
     * @param inputs how many there have to be
     * @param room for those that grow
     * @throws Misbehaved when they are others
     * @throws EngineException when there is no room for them
     */
    Vectors vectors(JsonNode given, int inputs, AnswerRoom.Share room) {
        if (!(given instanceof ArrayNode data) || data.isEmpty()) {
            throw new Misbehaved(who + " answered without vectors");
        }
        if (data.size() != inputs) {
            throw new Misbehaved("%s answered with %d vectors for %d inputs".formatted(who, data.size(), inputs));
        }
        boolean counted = data.path(0).hasNonNull("index");
        var inOrder = new @Nullable ObjectNode[inputs];
        int length = 0;
        for (int place = 0; place < inputs; place++) {
            var item = data.get(place);
            int index = counted ? index(item, inputs) : place;
            if (!counted && item.hasNonNull("index")) {
                throw new Misbehaved(who + " answered with vectors of which only some have an index");
            }
            if (inOrder[index] != null) {
                throw new Misbehaved("%s answered with two vectors of index %d".formatted(who, index));
            }
            var numbers = numbers(item.path("embedding"), place, room);
            if (place > 0 && numbers.length != length) {
                throw new Misbehaved("%s answered with vectors of different length: %d numbers and %d"
                        .formatted(who, length, numbers.length));
            }
            length = numbers.length;
            inOrder[index] = item(index, item.path("embedding"), numbers);
            // What it was made of is not needed any more.
            data.setNull(place);
        }
        data.removeAll();
        for (var item : inOrder) {
            data.add(item);
        }
        return new Vectors(data);
    }

    private int index(JsonNode item, int inputs) {
        var index = item.path("index");
        if (!index.canConvertToInt()
                || !index.isIntegralNumber()
                || index.intValue() < 0
                || index.intValue() >= inputs) {
            throw new Misbehaved("%s answered with a vector of index %s for %d inputs"
                    .formatted(who, Texts.clip(index.isMissingNode() ? "none" : index.toString(), 40), inputs));
        }
        return index.intValue();
    }

    private float[] numbers(JsonNode vector, int place, AnswerRoom.Share room) {
        var numbers = vector.isTextual() ? decoded(vector.textValue(), place, room) : listed(vector);
        for (float number : numbers) {
            if (!Float.isFinite(number)) {
                throw none(place);
            }
        }
        if (numbers.length == 0) {
            throw none(place);
        }
        return numbers;
    }

    private float[] decoded(String text, int place, AnswerRoom.Share room) {
        if (!base64) {
            room.take((long) HEAP_OF_A_CHARACTER * text.length());
        }
        try {
            var bytes = Base64.getDecoder().decode(text);
            // Not every decoder copes with one that ends early.
            if (text.length() % 4 != 0 || bytes.length % Float.BYTES != 0) {
                throw none(place);
            }
            var numbers = new float[bytes.length / Float.BYTES];
            ByteBuffer.wrap(bytes)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer()
                    .get(numbers);
            return numbers;
        } catch (IllegalArgumentException e) {
            throw none(place);
        }
    }

    private static float[] listed(JsonNode vector) {
        var numbers = new float[vector.size()];
        for (int i = 0; i < numbers.length; i++) {
            var number = vector.path(i);
            numbers[i] = vector.isArray() && number.isNumber() ? number.floatValue() : Float.NaN;
        }
        return numbers;
    }

    private Misbehaved none(int place) {
        return new Misbehaved("%s answered with vectors of which number %d is none".formatted(who, place));
    }

    private ObjectNode item(int index, JsonNode given, float[] numbers) {
        var item = NODES.objectNode().put("object", "embedding").put("index", index);
        if (given.isTextual() == base64) {
            return item.set("embedding", given);
        }
        if (base64) {
            var bytes = ByteBuffer.allocate(numbers.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(numbers);
            return item.put("embedding", Base64.getEncoder().encodeToString(bytes.array()));
        }
        var list = item.putArray("embedding");
        for (float number : numbers) {
            list.add(number);
        }
        return item;
    }
}
