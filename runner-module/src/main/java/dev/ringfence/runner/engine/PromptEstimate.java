package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * How many tokens a prompt has at least, before an engine is there to count them. Tokenizers split texts at white space
 * first, so each word is one token or more; real texts have about a third more tokens than words. What is refused by this
 * count would have been refused by the engine, too.
 */
final class PromptEstimate {
    private PromptEstimate() {}

    /** Of all texts together, or for embeddings of the longest, since each is read by itself. */
    static long leastTokens(GenerationRequest request) {
        var body = request.body();
        return switch (request.operation()) {
            case CHAT -> {
                long words = 0;
                for (var message : body.path("messages")) {
                    words += words(message.path("content"));
                }
                yield words;
            }
            case COMPLETION -> words(body.path("prompt"));
            case EMBEDDINGS -> {
                var input = body.path("input");
                long most = input.isTextual() ? words(input) : 0;
                for (var one : input) {
                    most = Math.max(most, words(one));
                }
                yield most;
            }
        };
    }

    /** Of a text, of parts with texts, or of token ids, each of which counts. */
    private static long words(JsonNode content) {
        if (content.isTextual()) {
            return words(content.textValue());
        }
        if (content.isNumber()) {
            return 1;
        }
        long words = 0;
        for (var part : content) {
            words += part.isObject() ? words(part.path("text")) : words(part);
        }
        return words;
    }

    private static long words(String text) {
        long words = 0;
        boolean within = false;
        for (int i = 0; i < text.length(); i++) {
            boolean space = Character.isWhitespace(text.charAt(i));
            if (!space && !within) {
                words++;
            }
            within = !space;
        }
        return words;
    }
}
