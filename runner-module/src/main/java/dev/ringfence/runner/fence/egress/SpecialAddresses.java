package dev.ringfence.runner.fence.egress;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Addresses that lead somewhere else than to the public internet: into the host, its networks, or the cloud's metadata
 * services. After IANA's registries of special-purpose addresses.
 */
public final class SpecialAddresses {
    @SuppressWarnings("ArrayRecordComponent") // constants that nothing compares
    private record Range(byte[] prefix, int bits, String what) {
        static Range of(String address, int bits, String what) {
            return new Range(InetAddress.ofLiteral(address).getAddress(), bits, what);
        }

        boolean holds(byte[] address) {
            if (address.length != prefix.length) {
                return false;
            }
            for (int bit = 0; bit < bits; bit += 8) {
                int mask = bits - bit >= 8 ? 0xff : 0xff << (8 - (bits - bit)) & 0xff;
                if (((address[bit / 8] ^ prefix[bit / 8]) & mask) != 0) {
                    return false;
                }
            }
            return true;
        }
    }

    private static final List<Range> SPECIAL = List.of(
            Range.of("0.0.0.0", 8, "an address of this host"),
            Range.of("10.0.0.0", 8, "a private address"),
            Range.of("100.64.0.0", 10, "a shared address of a provider"),
            Range.of("127.0.0.0", 8, "a loopback address"),
            Range.of("168.63.129.16", 32, "a metadata service"),
            Range.of("169.254.0.0", 16, "a link-local address, as metadata services have"),
            Range.of("172.16.0.0", 12, "a private address"),
            Range.of("192.0.0.0", 24, "a reserved address"),
            Range.of("192.0.2.0", 24, "an address for documentation"),
            Range.of("192.88.99.0", 24, "a relay address"),
            Range.of("192.168.0.0", 16, "a private address"),
            Range.of("198.18.0.0", 15, "an address for benchmarks"),
            Range.of("198.51.100.0", 24, "an address for documentation"),
            Range.of("203.0.113.0", 24, "an address for documentation"),
            Range.of("224.0.0.0", 4, "a multicast address"),
            Range.of("240.0.0.0", 4, "a reserved or broadcast address"),
            Range.of("2001::", 23, "a reserved or tunnel address"),
            Range.of("2001:db8::", 32, "an address for documentation"),
            Range.of("2002::", 16, "a tunnel address"),
            Range.of("3fff::", 20, "an address for documentation"));

    private static final Range GLOBAL_UNICAST = Range.of("2000::", 3, "");

    /** The well-known prefix of translators to IPv4: what counts is the address they translate to. */
    private static final Range TRANSLATED = Range.of("64:ff9b::", 96, "");

    private SpecialAddresses() {}

    /** Why an address is not one of the public internet; empty when it is. */
    public static Optional<String> why(InetAddress address) {
        var bytes = address.getAddress();
        if (TRANSLATED.holds(bytes)) {
            return why(embedded(bytes));
        }
        for (var range : SPECIAL) {
            if (range.holds(bytes)) {
                return Optional.of(range.what());
            }
        }
        if (!(address instanceof Inet4Address) && !GLOBAL_UNICAST.holds(bytes)) {
            return Optional.of("no public address");
        }
        return ofThisHost(address) ? Optional.of("an address of this host") : Optional.empty();
    }

    private static InetAddress embedded(byte[] bytes) {
        try {
            return InetAddress.getByAddress(Arrays.copyOfRange(bytes, 12, 16));
        } catch (UnknownHostException e) {
            throw new IllegalStateException("four bytes are an address", e);
        }
    }

    /** Asked each time, since addresses come and go. A host that does not tell its addresses counts as it. */
    private static boolean ofThisHost(InetAddress address) {
        try {
            return NetworkInterface.getByInetAddress(address) != null;
        } catch (SocketException e) {
            return true;
        }
    }
}
