package dev.ringfence.api.webhook;

import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A server that wants to hear of the ends of jobs, as an operator configured it.
 *
 * @param name by which submissions name it
 * @param secrets what messages are signed with, the newest first
 * @param agents who may name it; empty for everyone
 * @param always whether it hears of all jobs of those agents, named or not
 * @param allowPrivate whether its address may be one of this host or of a private network, and its scheme http
 */
public record Endpoint(
        String name,
        URI url,
        List<Secret> secrets,
        Optional<Set<String>> agents,
        boolean always,
        boolean allowPrivate) {
    public Endpoint {
        secrets = List.copyOf(secrets);
        agents = agents.map(Set::copyOf);
        var key = "ringfence.webhooks.endpoints." + name;
        var scheme = url.getScheme();
        if (url.getHost() == null || !("https".equals(scheme) || "http".equals(scheme))) {
            throw new IllegalArgumentException(
                    key + ".url is \"" + url + "\"; it must be an https:// address with a host");
        }
        if (scheme.equals("http") && !allowPrivate) {
            throw new IllegalArgumentException(key + ".url is \"" + url + "\": http is for private networks only; use"
                    + " https, or set " + key + ".allow-private=true");
        }
        if (url.getUserInfo() != null) {
            throw new IllegalArgumentException(key + ".url holds a user or password; the signature proves who sends");
        }
        if (secrets.isEmpty()) {
            throw new IllegalArgumentException(
                    key + " has no secret: set " + key + ".secret-file to a file with a line such as whsec_BASE64");
        }
    }

    /** Whether an agent's submissions may name it. */
    boolean mayBeNamedBy(String agent) {
        return agents.map(names -> names.contains(agent)).orElse(true);
    }
}
