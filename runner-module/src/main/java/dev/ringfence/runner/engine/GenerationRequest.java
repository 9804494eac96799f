package dev.ringfence.runner.engine;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a model is asked.
 *
 * @param messages the conversation so far; at least one
 * @param maxTokens the answer's length at most
 * @param temperature 0 means always the likeliest token
 * @param topP null means the engine's default
 * @param seed null means a random one
 * @param stop texts that end the answer
 */
public record GenerationRequest(
        List<Message> messages,
        int maxTokens,
        double temperature,
        @Nullable Double topP,
        @Nullable Long seed,
        List<String> stop) {
    public static final int DEFAULT_MAX_TOKENS = 256;
    public static final double DEFAULT_TEMPERATURE = 0.7;

    public GenerationRequest {
        messages = List.copyOf(messages);
        stop = List.copyOf(stop);
        if (messages.isEmpty() || maxTokens < 1 || temperature < 0) {
            throw new IllegalArgumentException("nothing that a model could be asked");
        }
    }

    /** One prompt with the default options. */
    public static GenerationRequest of(String prompt) {
        return new GenerationRequest(
                List.of(new Message(Role.USER, prompt)),
                DEFAULT_MAX_TOKENS,
                DEFAULT_TEMPERATURE,
                null,
                null,
                List.of());
    }

    /** Who says something in a conversation. */
    public enum Role {
        SYSTEM,
        USER,
        ASSISTANT
    }

    /** One contribution to a conversation. */
    public record Message(Role role, String content) {}
}
