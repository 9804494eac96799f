package dev.ringfence.api.rest.openai;

import dev.ringfence.api.access.AccessException;
import dev.ringfence.api.rest.ServiceGate;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.HttpHeaders;
import java.util.Optional;

/**
 * Whose a request is: the agent of the key that OpenAI's clients send ({@code Authorization: Bearer …}). Where nobody has
 * to prove anything any key is taken, and the agent is who the header {@code X-Ringfence-Agent} says.
 */
@Singleton
class Callers {
    private static final String AGENT = "X-Ringfence-Agent";
    private static final int LONGEST = 200;

    private final ServiceGate gate;

    Callers(ServiceGate gate) {
        this.gate = gate;
    }

    /**
     * @throws AccessException.Forbidden when the caller asks in the name of another agent
     */
    String agent(HttpHeaders headers) {
        return gate.caller().actingAs(asked(headers), "the header " + AGENT);
    }

    private static Optional<String> asked(HttpHeaders headers) {
        var agent = headers.getHeaderString(AGENT);
        if (agent == null || agent.isBlank()) {
            return Optional.empty();
        }
        if (agent.length() > LONGEST || agent.chars().anyMatch(Character::isISOControl)) {
            throw new RequestFailed(
                    OpenAiError.invalid(
                            null,
                            "invalid_agent",
                            "The header " + AGENT + " must have 1 to " + LONGEST
                                    + " characters, none of them a control character."),
                    Optional.empty());
        }
        return Optional.of(agent);
    }
}
