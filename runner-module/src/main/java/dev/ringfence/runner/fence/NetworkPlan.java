package dev.ringfence.runner.fence;

import dev.ringfence.catalog.SandboxProfile.Network;
import dev.ringfence.runner.fence.FenceReport.Entry;
import dev.ringfence.runner.fence.egress.EgressPolicy;
import dev.ringfence.runner.fence.seccomp.SeccompPolicy.Sockets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How a profile's network section is enforced.
 *
 * @param shared whether the program shares the host's network
 * @param sockets which it can make
 * @param egress what its proxy lets through; empty when it has none
 * @param entries for the report
 */
record NetworkPlan(boolean shared, Sockets sockets, Optional<EgressPolicy> egress, List<Entry> entries) {
    /**
     * Where programs find the proxy. Nothing listens there: a connection to this address is answered by the service,
     * which puts one to the job's proxy in its place.
     */
    static final String PROXY_ADDRESS = "127.0.0.1";

    static final int PROXY_PORT = 3128;

    NetworkPlan {
        entries = List.copyOf(entries);
    }

    /**
     * The plan for a profile.
     *
     * @throws FenceException.Refused when it cannot be enforced
     */
    static NetworkPlan inNamespace(Network asked) {
        return switch (asked.access()) {
            case NONE ->
                none(
                        asked,
                        Sockets.UNIX,
                        "network namespace of its own; seccomp: AF_UNIX sockets only",
                        "network namespace of its own");
            case RESTRICTED ->
                restricted(
                        asked,
                        Sockets.PROXIED,
                        "network namespace of its own; seccomp: AF_UNIX and TCP sockets only, connections decided by"
                                + " the service");
            case FULL -> full(asked, Sockets.INTERNET);
        };
    }

    /**
     * The same for a job that has no network namespace of its own: nothing of the host's network is within its reach but
     * what the filter lets it make sockets for. Unix sockets are files that Landlock does not guard, a container
     * engine's among them, so there are none.
     *
     * <p>One that serves may make unix sockets and wait for connections; it can connect to none, so it reaches nobody, and
     * where it makes them Landlock decides.
     *
     * @param ports whether Landlock also guards TCP ports
     * @throws FenceException.Refused when it cannot be enforced, or would serve and have a network as well
     */
    static NetworkPlan withoutNamespace(Network asked, boolean ports, boolean serves) {
        var guard = ports ? "; Landlock: no TCP ports" : "";
        var plan = switch (asked.access()) {
            case NONE -> {
                var means = (serves
                                ? "seccomp: unix sockets to wait for connections, none to connect"
                                : "seccomp: no sockets but connected pairs")
                        + guard;
                yield none(asked, serves ? Sockets.SERVING : Sockets.NONE, means, means);
            }
            case RESTRICTED ->
                restricted(
                        asked,
                        Sockets.PROXY_ONLY,
                        "seccomp: sockets for TCP connections only, which the service decides about" + guard);
            case FULL -> full(asked, Sockets.INTERNET_ONLY);
        };
        if (serves && (plan.shared() || plan.egress().isPresent())) {
            throw new FenceException.Refused(
                    ProfileKeys.ACCESS_MODE,
                    "in the tier landlock an engine can have no network, since it waits for connections there; use"
                            + " network.access_mode = \"None\" in its profile, or the tier namespaces");
        }
        return plan;
    }

    /** What tells programs of the proxy; nothing is reached without it. */
    Map<String, String> environment() {
        if (egress.isEmpty()) {
            return Map.of();
        }
        var proxy = "http://" + PROXY_ADDRESS + ":" + PROXY_PORT;
        return Map.of(
                "HTTP_PROXY", proxy,
                "HTTPS_PROXY", proxy,
                "ALL_PROXY", proxy,
                "http_proxy", proxy,
                "https_proxy", proxy,
                "all_proxy", proxy);
    }

    private static NetworkPlan none(Network asked, Sockets sockets, String access, String destinations) {
        return new NetworkPlan(
                false,
                sockets,
                Optional.empty(),
                List.of(
                        new Entry(ProfileKeys.ACCESS_MODE, "None", access, "none"),
                        new Entry(ProfileKeys.ALLOWED_DESTINATIONS, destinations(asked), destinations, "none"),
                        new Entry(
                                ProfileKeys.MAX_BANDWIDTH,
                                Long.toString(asked.maxMegabitsPerSecond()),
                                "no network",
                                "0")));
    }

    private static NetworkPlan restricted(Network asked, Sockets sockets, String access) {
        EgressPolicy policy;
        try {
            policy = EgressPolicy.of(asked);
        } catch (IllegalArgumentException e) {
            throw new FenceException.Refused(
                    ProfileKeys.ALLOWED_DESTINATIONS, "network.allowed_destinations: " + e.getMessage());
        }
        return new NetworkPlan(
                false,
                sockets,
                Optional.of(policy),
                List.of(
                        new Entry(ProfileKeys.ACCESS_MODE, "Restricted", access, "the job's proxy only"),
                        new Entry(
                                ProfileKeys.ALLOWED_DESTINATIONS,
                                destinations(asked),
                                "the job's proxy: names resolved and addresses checked by the service",
                                destinations(asked)),
                        new Entry(
                                ProfileKeys.MAX_BANDWIDTH,
                                Long.toString(asked.maxMegabitsPerSecond()),
                                policy.bytesPerSecond() == 0
                                        ? "nothing to enforce"
                                        : "token bucket of the job's proxy, all connections and both directions together",
                                policy.bytesPerSecond() == 0 ? "no limit" : policy.bytesPerSecond() + " bytes/s")));
    }

    private static NetworkPlan full(Network asked, Sockets sockets) {
        if (asked.maxMegabitsPerSecond() > 0) {
            throw new FenceException.Refused(
                    ProfileKeys.MAX_BANDWIDTH,
                    "network.max_bandwidth_mbps is " + asked.maxMegabitsPerSecond()
                            + ", which cannot be enforced for access_mode Full; set it to 0 or use Restricted");
        }
        return new NetworkPlan(
                true,
                sockets,
                Optional.empty(),
                List.of(
                        new Entry(ProfileKeys.ACCESS_MODE, "Full", "the host's network, as asked", "full"),
                        new Entry(ProfileKeys.ALLOWED_DESTINATIONS, destinations(asked), "all, as asked", "all"),
                        new Entry(ProfileKeys.MAX_BANDWIDTH, "0", "nothing to enforce", "no limit")));
    }

    private static String destinations(Network asked) {
        return asked.allowedDestinations().stream()
                .map(destination ->
                        (destination.host().contains(":") ? "[" + destination.host() + "]" : destination.host()) + ":"
                                + destination.port() + " " + destination.protocol())
                .toList()
                .toString();
    }
}
