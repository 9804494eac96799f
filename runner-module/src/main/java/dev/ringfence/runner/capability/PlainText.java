package dev.ringfence.runner.capability;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Bytes that are UTF-8 text.
 *
 * @param bytes how many of them the text stands for
 */
record PlainText(String text, int bytes) {
    /** What one event of the journal surely holds, escaped as JSON. */
    private static final long MOST_ESCAPED = 14L << 20;

    /**
     * Reads bytes as text. Empty when they are none: not UTF-8, a NUL among them, or so full of control characters that
     * base64 is shorter.
     *
     * @param cut whether something comes behind them, so that the last character may be cut in two
     */
    static Optional<PlainText> of(byte[] bytes, boolean cut) {
        var input = ByteBuffer.wrap(bytes);
        var output = CharBuffer.allocate(bytes.length);
        var result = StandardCharsets.UTF_8.newDecoder().decode(input, output, !cut);
        if (result.isError()) {
            return Optional.empty();
        }
        var text = output.flip().toString();
        return escaped(text) > MOST_ESCAPED || text.indexOf('\0') >= 0
                ? Optional.empty()
                : Optional.of(new PlainText(text, input.position()));
    }

    private static long escaped(String text) {
        long length = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t') {
                length += 2;
            } else if (c < ' ') {
                length += 6;
            } else {
                length += c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
            }
        }
        return length;
    }
}
