package dev.ringfence.runner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.runner.engine.EngineException.InvalidRequest;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a program that answers once is asked. Only parameters of the list below become options of its command line, each
 * with its range and always as a number that was read and written again; texts go into files. So nothing that an agent
 * writes can be taken for an option. Everything else is refused by its name.
 *
 * @param chat whether the model's chat template is put around the prompt
 * @param system null means that the model is not told how to behave
 * @param options with their values; a seed is always among them, so that the program can be asked for the same again
 * @param mostTokens of the answer
 */
record OneShotRequest(boolean chat, String prompt, @Nullable String system, List<String> options, int mostTokens) {
    private static final String REMEDY = "; on a host with llama-server it can be asked";
    private static final int DEFAULT_TOKENS = 256;
    private static final String SEED = "--seed";
    /** The next one means a random one. */
    private static final long MOST_SEED = 4_294_967_294L;

    private static final Map<String, Range> RANGES = ranges();

    /** What is read apart from the ranges, or says what is done anyway. */
    private static final Set<String> OTHERS =
            Set.of("messages", "prompt", "user", "n", "max_tokens", "max_completion_tokens", "metadata", "store");

    private record Range(String option, double least, double most, boolean whole) {}

    static OneShotRequest of(GenerationRequest request) {
        if (request.operation() == Operation.EMBEDDINGS) {
            throw new InvalidRequest("embeddings cannot be made by a program that answers once" + REMEDY);
        }
        var body = request.body();
        var options = new ArrayList<String>();
        body.properties().forEach(parameter -> {
            var name = parameter.getKey();
            if (!OTHERS.contains(name) && !parameter.getValue().isNull()) {
                var range = RANGES.get(name);
                if (range == null) {
                    throw new InvalidRequest(
                            name,
                            "%s cannot be asked of a model that is loaded for each request".formatted(name) + REMEDY);
                }
                options.add(range.option());
                options.add(number(name, parameter.getValue(), range));
            }
        });
        if (!options.contains(SEED)) {
            options.add(SEED);
            options.add(String.valueOf(new SecureRandom().nextLong(MOST_SEED + 1)));
        }
        int most = mostTokens(body);
        return request.operation() == Operation.CHAT
                ? chat(body.path("messages"), options, most)
                : new OneShotRequest(false, text(body.path("prompt")), null, List.copyOf(options), most);
    }

    private static int mostTokens(JsonNode body) {
        for (var name : List.of("max_completion_tokens", "max_tokens")) {
            var value = body.path(name);
            if (value.isNumber()) {
                return Integer.parseInt(number(name, value, new Range("", 1, 1 << 20, true)));
            }
        }
        return DEFAULT_TOKENS;
    }

    private static String number(String name, JsonNode value, Range range) {
        boolean fits = value.isNumber()
                && value.doubleValue() >= range.least()
                && value.doubleValue() <= range.most()
                && (!range.whole() || value.isIntegralNumber());
        if (!fits) {
            throw new InvalidRequest(
                    name,
                    "%s must be a %s from %s to %s, and is %s"
                            .formatted(
                                    name,
                                    range.whole() ? "whole number" : "number",
                                    plain(range.least()),
                                    plain(range.most()),
                                    Texts.clip(value.toString(), 40)));
        }
        return range.whole() ? String.valueOf(value.longValue()) : String.valueOf(value.doubleValue());
    }

    private static String plain(double number) {
        return number == Math.rint(number) ? String.valueOf((long) number) : String.valueOf(number);
    }

    /** The program takes one question; what was said before has no place in it. */
    private static OneShotRequest chat(JsonNode messages, List<String> options, int most) {
        String system = null;
        String prompt = null;
        for (var message : messages) {
            var role = message.path("role").asText();
            if ((role.equals("system") || role.equals("developer")) && system == null && prompt == null) {
                system = text(message.path("content"));
            } else if (role.equals("user") && prompt == null) {
                prompt = text(message.path("content"));
            } else {
                throw new InvalidRequest(
                        "messages",
                        "a model that is loaded for each request answers one question of a user, with at"
                                + " most one message of the system before it, and no longer conversation" + REMEDY);
            }
        }
        if (prompt == null || prompt.isEmpty()) {
            throw new InvalidRequest("messages", "messages must hold a question of a user");
        }
        return new OneShotRequest(true, prompt, system, List.copyOf(options), most);
    }

    private static String text(JsonNode content) {
        var text = new StringBuilder();
        if (content.isTextual()) {
            text.append(content.textValue());
        } else {
            for (var part : content) {
                if (!part.path("text").isTextual()) {
                    throw new InvalidRequest("a model that is loaded for each request takes text only" + REMEDY);
                }
                text.append(part.path("text").textValue());
            }
        }
        if (text.indexOf("\0") >= 0) {
            throw new InvalidRequest("the prompt holds a NUL character, at which the program would stop reading");
        }
        return text.toString();
    }

    private static Map<String, Range> ranges() {
        var ranges = new LinkedHashMap<String, Range>();
        ranges.put("temperature", new Range("--temp", 0, 2, false));
        ranges.put("top_p", new Range("--top-p", 0, 1, false));
        ranges.put("min_p", new Range("--min-p", 0, 1, false));
        ranges.put("typical_p", new Range("--typical", 0, 1, false));
        ranges.put("top_k", new Range("--top-k", 0, 1_000_000, true));
        ranges.put("seed", new Range(SEED, 0, MOST_SEED, true));
        ranges.put("presence_penalty", new Range("--presence-penalty", -2, 2, false));
        ranges.put("frequency_penalty", new Range("--frequency-penalty", -2, 2, false));
        ranges.put("repeat_penalty", new Range("--repeat-penalty", 0, 2, false));
        return ranges;
    }
}
