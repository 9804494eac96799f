package dev.ringfence.api.session;

import java.util.List;
import java.util.OptionalLong;

/**
 * Some sessions, the newest first.
 *
 * @param next where the following page begins; empty when there is none
 */
public record SessionPage(List<Session> sessions, OptionalLong next) {
    public SessionPage {
        sessions = List.copyOf(sessions);
    }
}
