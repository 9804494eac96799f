package dev.ringfence.runner.fence.egress;

import java.net.IDN;
import java.net.InetAddress;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** The forms in which hosts are written, brought to one. */
final class Hosts {
    /** Only this form: resolvers also take 127.1, 0x7f000001 and 2130706433 for an address. */
    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

    private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");
    private static final Pattern NAME =
            Pattern.compile("[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*");
    private static final int LONGEST = 253;

    private Hosts() {}

    /** The address, when the text is one itself; IPv6 also in brackets. Nothing is resolved. */
    static Optional<InetAddress> literal(String text) {
        var bare = text.startsWith("[") && text.endsWith("]") ? text.substring(1, text.length() - 1) : text;
        if (!IPV4.matcher(text).matches() && !IPV6.matcher(bare).matches()) {
            return Optional.empty();
        }
        try {
            return Optional.of(InetAddress.ofLiteral(bare));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** A name in lower case, in ASCII (IDNA), without the dot of the root; empty when it cannot be one. */
    static Optional<String> name(String text) {
        var bare = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
        try {
            var ascii = IDN.toASCII(bare, IDN.ALLOW_UNASSIGNED).toLowerCase(Locale.ROOT);
            return ascii.length() <= LONGEST && NAME.matcher(ascii).matches() && !numeric(ascii)
                    ? Optional.of(ascii)
                    : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** Whether resolvers would take it for an address: the last label of a name in use is never a number. */
    private static boolean numeric(String name) {
        var last = name.substring(name.lastIndexOf('.') + 1);
        return last.matches("\\d+|0x[0-9a-f]*");
    }
}
