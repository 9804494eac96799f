package dev.ringfence.api.rest.openai;

import jakarta.inject.Singleton;
import jakarta.ws.rs.core.HttpHeaders;

/**
 * Who asks. OpenAI's clients always send a key ({@code Authorization: Bearer …}); while the service knows no keys, any is
 * taken, and the agent is who the header {@code X-Ringfence-Agent} says.
 */
@Singleton
class Callers {
    private static final String AGENT = "X-Ringfence-Agent";
    private static final int LONGEST = 200;

    String agent(HttpHeaders headers) {
        var agent = headers.getHeaderString(AGENT);
        if (agent == null || agent.isBlank()) {
            return "anonymous";
        }
        if (agent.length() > LONGEST || agent.chars().anyMatch(Character::isISOControl)) {
            throw new RequestFailed(
                    OpenAiError.invalid(
                            null,
                            "invalid_agent",
                            "The header " + AGENT + " must have 1 to " + LONGEST
                                    + " characters and none that controls."),
                    java.util.Optional.empty());
        }
        return agent;
    }
}
