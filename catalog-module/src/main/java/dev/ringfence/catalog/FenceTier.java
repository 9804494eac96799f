package dev.ringfence.catalog;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** How a fence is built; the stronger first. */
public enum FenceTier {
    /** Namespaces of its own, by bubblewrap. */
    NAMESPACES("namespaces"),
    /** Landlock and seccomp alone: no privilege, no namespace, no helper. */
    LANDLOCK("landlock");

    private final String externalName;

    FenceTier(String externalName) {
        this.externalName = externalName;
    }

    /** As written in catalogs, settings and the API. */
    public String externalName() {
        return externalName;
    }

    /** Empty for a name that is none. */
    public static Optional<FenceTier> named(String name) {
        return Arrays.stream(values())
                .filter(tier -> tier.externalName.equals(name))
                .findFirst();
    }

    /** All names, in order. */
    public static List<String> names() {
        return Arrays.stream(values()).map(FenceTier::externalName).toList();
    }
}
