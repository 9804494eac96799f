package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.GenerationEvent.Delta;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Reads what {@link ToolGrammar} makes a model write, as it comes, and turns it into deltas: calls, with their arguments
 * piece by piece, or content. The grammar has seen to the form, so what would break it cannot come, and an answer that
 * was cut off gives what there was. Not for several threads.
 */
final class ToolCallReader {
    private static final int CALL_DEPTH = 3;
    private static final int LONGEST_WORD = 64 << 10;

    /** What the characters that come belong to. */
    private enum Part {
        STRUCTURE,
        KEY,
        NAME,
        TEXT,
        /** A number or a word of JSON as content, which has no end of its own. */
        BARE_CONTENT,
        RAW_CONTENT,
        RAW_ARGUMENTS
    }

    private final StringBuilder word = new StringBuilder();
    private final StringBuilder unsent = new StringBuilder();
    private final StringBuilder unicode = new StringBuilder();
    private final List<Delta> deltas = new ArrayList<>();
    private final StopTexts stops;
    private final boolean jsonContent;
    private Part part = Part.STRUCTURE;
    private String key = "";
    private boolean keyExpected;
    private int depth;
    private int rawDepth;
    private boolean rawText;
    private boolean escaped;
    private boolean inUnicode;
    private int calls;
    private int whole;

    /**
     * @param stops texts that end the content; calls have none
     * @param jsonContent whether the content is to be JSON, which is passed on as it is, or a text
     */
    ToolCallReader(List<String> stops, boolean jsonContent) {
        this.stops = new StopTexts(stops);
        this.jsonContent = jsonContent;
    }

    /** What the next piece of the model's text comes to. */
    List<Delta> accept(String piece) {
        deltas.clear();
        for (int i = 0; i < piece.length(); i++) {
            step(piece.charAt(i));
        }
        send();
        return List.copyOf(deltas);
    }

    /** What is left of the content when nothing more comes. */
    List<Delta> rest() {
        deltas.clear();
        tellContent(stops.rest());
        return List.copyOf(deltas);
    }

    /** Whether the content was ended by a text that ends it. */
    boolean stopped() {
        return stops.reached();
    }

    /** Whether there are calls, and none of them is cut off. */
    boolean callsAreWhole() {
        return calls > 0 && whole == calls;
    }

    private void step(char c) {
        switch (part) {
            case STRUCTURE -> structure(c);
            case KEY, NAME, TEXT -> string(c);
            case BARE_CONTENT -> bare(c);
            case RAW_CONTENT, RAW_ARGUMENTS -> raw(c);
        }
    }

    private void structure(char c) {
        boolean content = depth == 1 && key.equals("content") && !keyExpected;
        switch (c) {
            case '"' -> {
                if (content && jsonContent) {
                    begin(Part.RAW_CONTENT);
                    raw(c);
                } else {
                    begin(keyExpected ? Part.KEY : depth == CALL_DEPTH ? Part.NAME : Part.TEXT);
                }
            }
            case '{', '[' -> {
                if (depth == CALL_DEPTH && key.equals("arguments")) {
                    begin(Part.RAW_ARGUMENTS);
                    raw(c);
                } else if (content) {
                    begin(Part.RAW_CONTENT);
                    raw(c);
                } else {
                    depth++;
                    keyExpected = c == '{';
                }
            }
            case '}', ']' -> depth--;
            case ':' -> keyExpected = false;
            case ',' -> keyExpected = depth != 2;
            default -> {
                if (content && !Character.isWhitespace(c)) {
                    begin(Part.BARE_CONTENT);
                    bare(c);
                }
            }
        }
    }

    private void bare(char c) {
        if (c == '}' || c == ',' || Character.isWhitespace(c)) {
            send();
            part = Part.STRUCTURE;
            structure(c);
        } else {
            unsent.append(c);
        }
    }

    private void begin(Part next) {
        part = next;
        word.setLength(0);
        rawDepth = 0;
    }

    private void string(char c) {
        if (inUnicode) {
            unicode.append(c);
            if (unicode.length() == 4) {
                inUnicode = false;
                put((char) Integer.parseInt(unicode.toString(), 16));
            }
        } else if (escaped) {
            escaped = false;
            escape(c);
        } else if (c == '\\') {
            escaped = true;
        } else if (c == '"') {
            end();
        } else {
            put(c);
        }
    }

    private void escape(char c) {
        switch (c) {
            case 'u' -> {
                inUnicode = true;
                unicode.setLength(0);
            }
            case 'n' -> put('\n');
            case 't' -> put('\t');
            case 'r' -> put('\r');
            case 'b' -> put('\b');
            case 'f' -> put('\f');
            default -> put(c);
        }
    }

    private void put(char c) {
        if (part != Part.TEXT && word.length() == LONGEST_WORD) {
            throw new EngineException.Misbehaved("the engine gives a function a name of more than " + LONGEST_WORD
                    + " characters, which the grammar that it was given has not");
        }
        (part == Part.TEXT ? unsent : word).append(c);
    }

    private void end() {
        switch (part) {
            case KEY -> key = word.toString();
            case NAME -> beginCall(word.toString());
            case TEXT -> send();
            case STRUCTURE, BARE_CONTENT, RAW_CONTENT, RAW_ARGUMENTS ->
                throw new IllegalStateException("no string ends in " + part);
        }
        part = Part.STRUCTURE;
    }

    private void raw(char c) {
        unsent.append(c);
        if (rawText) {
            if (escaped) {
                escaped = false;
            } else if (c == '\\') {
                escaped = true;
            } else if (c == '"') {
                rawText = false;
                endRaw();
            }
            return;
        }
        switch (c) {
            case '"' -> rawText = true;
            case '{', '[' -> rawDepth++;
            case '}', ']' -> {
                rawDepth--;
                endRaw();
            }
            default -> {
                // A value within, which is passed on as it is.
            }
        }
    }

    private void endRaw() {
        if (rawDepth == 0) {
            whole += part == Part.RAW_ARGUMENTS ? 1 : 0;
            send();
            part = Part.STRUCTURE;
        }
    }

    private void beginCall(String name) {
        var delta = JsonNodeFactory.instance.objectNode();
        delta.putArray("tool_calls")
                .addObject()
                .put("index", calls)
                .put("id", "call_" + UUID.randomUUID().toString().replace("-", ""))
                .put("type", "function")
                .putObject("function")
                .put("name", name)
                .put("arguments", "");
        calls++;
        tell(delta);
    }

    /** What has come of a text or of arguments and was not told yet; half a character waits for the other half. */
    private void send() {
        int length = unsent.length();
        if (length > 0 && Character.isHighSurrogate(unsent.charAt(length - 1))) {
            length--;
        }
        if (length == 0) {
            return;
        }
        var text = unsent.substring(0, length);
        unsent.delete(0, length);
        if (part == Part.RAW_ARGUMENTS) {
            var delta = JsonNodeFactory.instance.objectNode();
            delta.putArray("tool_calls")
                    .addObject()
                    .put("index", calls - 1)
                    .putObject("function")
                    .put("arguments", text);
            tell(delta);
        } else {
            tellContent(stops.accept(text));
        }
    }

    private void tellContent(String text) {
        if (!text.isEmpty()) {
            tell(JsonNodeFactory.instance.objectNode().put("content", text));
        }
    }

    private void tell(ObjectNode delta) {
        var choice = JsonNodeFactory.instance.objectNode().put("index", 0);
        choice.set("delta", delta);
        deltas.add(new Delta(choice.putNull("finish_reason")));
    }
}
