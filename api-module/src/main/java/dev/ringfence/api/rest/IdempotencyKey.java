package dev.ringfence.api.rest;

import jakarta.ws.rs.core.HttpHeaders;
import java.util.List;
import java.util.Optional;

/** The header {@code Idempotency-Key}: what a client calls a submission, so that it can send it once more. */
final class IdempotencyKey {
    static final String HEADER = "Idempotency-Key";
    static final String MEANS =
            "A name of the client's own for this submission. Each agent has its own keys; one holds as"
                    + " long as the journal keeps its job";
    static final int LONGEST = 255;

    private IdempotencyKey() {}

    /** @throws BadRequest when there are several, or one that cannot be a key */
    static Optional<String> of(HttpHeaders headers) {
        // A parameter of a method would not have those that are empty.
        var values = Optional.ofNullable(headers.getRequestHeader(HEADER)).orElse(List.of());
        if (values.size() > 1) {
            throw Parameters.bad(HEADER, "it comes " + values.size() + " times, and one request has one key");
        }
        for (var key : values) {
            if (key.isBlank() || key.length() > LONGEST) {
                throw Parameters.bad(HEADER, "it must have 1 to " + LONGEST + " characters, and has " + key.length());
            }
        }
        return values.stream().findFirst();
    }
}
