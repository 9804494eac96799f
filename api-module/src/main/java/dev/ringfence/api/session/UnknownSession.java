package dev.ringfence.api.session;

/** The agent has no such session; list what it has. */
public final class UnknownSession extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnknownSession(String agent, String id) {
        super("agent " + agent + " has no session \"" + id + "\"; GET /api/v1/sessions lists what there is");
    }
}
