package dev.ringfence.runner.capability;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Where git may go.
 *
 * @param hosts that may be cloned and pulled from
 * @param protocols of {@code https}, {@code http} and {@code file}
 * @param privateHosts those of the hosts that may have a private address
 * @param caFile certificates to trust in place of the host's
 */
public record GitSettings(Set<String> hosts, Set<String> protocols, Set<String> privateHosts, Optional<Path> caFile) {
    private static final Set<String> KNOWN = Set.of("https", "http", "file");

    public GitSettings {
        hosts = lower(hosts);
        protocols = lower(protocols);
        privateHosts = lower(privateHosts);
        if (!KNOWN.containsAll(protocols)) {
            throw new IllegalArgumentException(
                    "ringfence.capabilities.git.protocols is " + protocols + "; possible are " + List.copyOf(KNOWN));
        }
    }

    private static Set<String> lower(Set<String> words) {
        return Set.copyOf(
                words.stream().map(word -> word.toLowerCase(Locale.ROOT)).toList());
    }
}
