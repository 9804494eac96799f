package dev.ringfence.runner.capability;

import dev.ringfence.catalog.SandboxProfile.NetworkAccess;
import dev.ringfence.runner.fence.egress.SpecialAddresses;
import dev.ringfence.runner.files.FileRoot;
import dev.ringfence.runner.files.FileRoots;
import dev.ringfence.runner.files.Refused;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The address of a repository that may be reached.
 *
 * @param options what git has to be told so that it reaches just this
 */
record GitUrl(String text, List<String> options) {
    /** Finds the addresses of a host. */
    @FunctionalInterface
    interface Names {
        /**
         * All of them, at least one.
         *
         * @throws IOException when there is none, or they were not found in time
         */
        List<InetAddress> resolve(String host) throws IOException;
    }

    /**
     * Checks an address against the lists. A name is resolved here where no proxy does so: it must have public addresses
     * only, and git is told to use one of those.
     *
     * @param workspace as git will see it
     * @param names asked where no proxy resolves names
     * @throws Refused when it is not allowed; type {@code url-refused}
     */
    static GitUrl check(String text, GitSettings settings, FileRoot workspace, NetworkAccess network, Names names) {
        var uri = parse(text);
        var protocol = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
        if (!settings.protocols().contains(protocol)) {
            throw refused(
                    text,
                    "its protocol is not one of " + settings.protocols() + " (ringfence.capabilities.git.protocols)");
        }
        if (protocol.equals("file")) {
            return file(text, uri, workspace);
        }
        var host = uri.getHost();
        if (host == null || host.isEmpty()) {
            throw refused(text, "it names no host");
        }
        if (uri.getUserInfo() != null) {
            throw refused(text, "it holds a user or a password, which the journal would keep");
        }
        var name = host.toLowerCase(Locale.ROOT);
        if (!settings.hosts().contains(name)) {
            throw refused(text, "its host is not one of " + settings.hosts() + " (ringfence.capabilities.git.hosts)");
        }
        return switch (network) {
            case NONE ->
                throw new Refused(
                        "network-refused",
                        "the sandbox profile's network.access_mode is None, and git needs the network for " + text
                                + "; use a profile with Restricted that lists " + name + ":" + port(uri, protocol));
            // The proxy resolves the name, and refuses private addresses and all that the profile does not list.
            case RESTRICTED -> new GitUrl(text, List.of());
            case FULL -> pinned(text, name, port(uri, protocol), settings, names);
        };
    }

    private static GitUrl file(String text, URI uri, FileRoot workspace) {
        var path = uri.getPath();
        if (uri.getHost() != null || path == null || !path.startsWith(FileRoots.WORK + "/") || path.contains("..")) {
            throw refused(text, "a file address must lie below file://" + FileRoots.WORK + "/");
        }
        try {
            var seen = workspace.inside()
                    + path.substring(FileRoots.WORK.toString().length());
            return new GitUrl(new URI("file", "", seen, null, null).toASCIIString(), List.of());
        } catch (URISyntaxException e) {
            throw refused(text, "it is no address: " + e.getReason());
        }
    }

    private static GitUrl pinned(String text, String host, int port, GitSettings settings, Names names) {
        List<InetAddress> all;
        try {
            all = names.resolve(host);
        } catch (IOException e) {
            throw refused(text, String.valueOf(e.getMessage()));
        }
        if (!settings.privateHosts().contains(host)) {
            for (var address : all) {
                SpecialAddresses.why(address).ifPresent(why -> {
                    throw refused(
                            text,
                            "its host has the address " + address.getHostAddress() + ", which is " + why
                                    + " (ringfence.capabilities.git.private-hosts allows it)");
                });
            }
        }
        // Resolved once: another answer a moment later would lead elsewhere.
        return new GitUrl(text, List.of("http.curloptResolve=" + host + ":" + port + ":" + literal(all.getFirst())));
    }

    private static String literal(InetAddress address) {
        return address instanceof Inet6Address ? "[" + address.getHostAddress() + "]" : address.getHostAddress();
    }

    private static int port(URI uri, String protocol) {
        if (uri.getPort() >= 0) {
            return uri.getPort();
        }
        return switch (protocol) {
            case "http" -> 80;
            default -> 443;
        };
    }

    private static URI parse(String text) {
        if (text.startsWith("-") || text.chars().anyMatch(c -> c <= ' ' || c == '\\' || c == 0x7f)) {
            throw refused(text, "it begins with -, or holds a space, a control character or a backslash");
        }
        try {
            return new URI(text);
        } catch (URISyntaxException e) {
            throw refused(text, "it is no address: " + e.getReason());
        }
    }

    private static Refused refused(String text, String reason) {
        // What might be a password is not repeated.
        var shown = Optional.of(text.replaceAll("//[^/@]*@", "//…@"))
                .map(url -> url.length() <= 200 ? url : url.substring(0, 200) + "…");
        return new Refused("url-refused", "the address " + shown.get() + " is refused: " + reason);
    }
}
