package dev.ringfence.runner.capability;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Turns bytes that arrive in pieces into text: a character that is cut in two waits for its rest, and what is no UTF-8
 * becomes a replacement character. Not for several threads at a time.
 */
final class Utf8Pieces {
    private final CharsetDecoder decoder = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private ByteBuffer rest = ByteBuffer.allocate(0);

    /** The complete characters so far. */
    String next(byte[] bytes) {
        return take(bytes, false);
    }

    /** What a beginning of a character at the very end comes to. */
    String end() {
        return take(new byte[0], true);
    }

    private String take(byte[] bytes, boolean end) {
        var input = ByteBuffer.allocate(rest.remaining() + bytes.length)
                .put(rest)
                .put(bytes)
                .flip();
        // At most one char for each byte, and one for a cut character.
        var text = CharBuffer.allocate(input.remaining() + 1);
        decoder.decode(input, text, end);
        if (end) {
            decoder.flush(text);
        }
        rest = input;
        return text.flip().toString();
    }

    /** All of it, but no cut character at the end of what was cut off. */
    static String decode(byte[] bytes, boolean cutOff) {
        var pieces = new Utf8Pieces();
        var text = pieces.next(bytes);
        return cutOff ? text : text + pieces.end();
    }
}
