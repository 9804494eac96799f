package dev.ringfence.runner.fence.egress;

import dev.ringfence.catalog.SandboxProfile.Destination;
import dev.ringfence.catalog.SandboxProfile.Network;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What one job may reach, and how fast: a value.
 *
 * @param bytesPerSecond of all connections and both directions together; zero for no limit
 */
public record EgressPolicy(Set<Address> addresses, Set<Name> names, long bytesPerSecond) {
    /** An address that is listed itself, whatever network it belongs to. */
    record Address(InetAddress address, int port, String protocol) {}

    /** A name that is listed; what it resolves to must be public, or listed as well. */
    record Name(String name, int port, String protocol) {}

    /** How a job asks for a destination. */
    enum Way {
        /** Bytes both ways, by CONNECT. */
        TUNNEL("https"),
        /** A plain HTTP request that is passed on. */
        FORWARD("http");

        private final String protocol;

        Way(String protocol) {
            this.protocol = protocol;
        }
    }

    public EgressPolicy {
        addresses = Set.copyOf(addresses);
        names = Set.copyOf(names);
    }

    /**
     * What a profile's network section lists.
     *
     * @throws IllegalArgumentException when a destination cannot be enforced; the message says which, why, and what
     *     to write instead
     */
    public static EgressPolicy of(Network network) {
        var addresses = new HashSet<Address>();
        var names = new HashSet<Name>();
        for (var destination : network.allowedDestinations()) {
            add(destination, addresses, names);
        }
        return new EgressPolicy(addresses, names, network.maxMegabitsPerSecond() * 1_000_000 / 8);
    }

    private static void add(Destination destination, Set<Address> addresses, Set<Name> names) {
        var host = destination.host();
        if (destination.protocol().equals("udp")) {
            throw new IllegalArgumentException(
                    host + ":" + destination.port() + " with protocol udp cannot be reached through a proxy; use tcp");
        }
        var literal = Hosts.literal(host);
        if (literal.isPresent()) {
            addresses.add(new Address(literal.get(), destination.port(), destination.protocol()));
            return;
        }
        if (host.contains("*")) {
            throw new IllegalArgumentException(
                    "\"" + host + "\" holds a wildcard, and names are compared whole; list each host");
        }
        var name = Hosts.name(host)
                .orElseThrow(() -> new IllegalArgumentException(
                        "\"" + host + "\" is neither a host name nor an address such as 192.0.2.1 or 2001:db8::1"));
        names.add(new Name(name, destination.port(), destination.protocol()));
    }

    /** Whether an address is listed itself. */
    boolean lists(InetAddress address, int port, Way way) {
        return addresses.contains(new Address(address, port, "tcp"))
                || addresses.contains(new Address(address, port, way.protocol));
    }

    /** Whether a name, as {@link Hosts#name} writes it, is listed. */
    boolean lists(String name, int port, Way way) {
        return names.contains(new Name(name, port, "tcp")) || names.contains(new Name(name, port, way.protocol));
    }

    /** Those of a listed name's addresses that may be connected to, in their order. */
    List<InetAddress> reachable(List<InetAddress> resolved, int port, Way way) {
        var reachable = new ArrayList<InetAddress>();
        for (var address : resolved) {
            if (lists(address, port, way) || SpecialAddresses.why(address).isEmpty()) {
                reachable.add(address);
            }
        }
        return reachable;
    }
}
