package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringfence.runner.files.FilePath;
import dev.ringfence.runner.files.FileRoot;
import dev.ringfence.runner.files.FileRoots;
import java.util.Optional;

/** The arguments that all capabilities of files have. */
final class FileArguments {
    private FileArguments() {}

    static FileRoot root(FileRoots roots, Invocation invocation) {
        var name = invocation.arguments().get("root");
        return roots.find(Optional.ofNullable(name).map(JsonNode::asText), invocation.agent(), invocation.session());
    }

    static FilePath path(FileRoot root, Invocation invocation) {
        return FilePath.parse(invocation.arguments().path("path").asText(), root);
    }
}
