package dev.ringfence.api;

import java.util.Set;

/** What every service has, for those who look at a catalog without a service. */
public final class BuiltInCapabilities {
    public static final Set<String> NAMES = Set.of(
            "ChatCompletion",
            "Embeddings",
            "FileRead",
            "FileWrite",
            "GenerateText",
            "GitExec",
            "Kill",
            "ShellExec",
            "TextCompletion",
            "Undo");

    private BuiltInCapabilities() {}
}
