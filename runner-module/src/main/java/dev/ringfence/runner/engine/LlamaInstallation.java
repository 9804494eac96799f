package dev.ringfence.runner.engine;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How llama-server is started on this host.
 *
 * @param program the beginning of its command line
 * @param readOnly what has to be visible in its fence at the same place, beside the system's directories
 */
record LlamaInstallation(List<String> program, List<Path> readOnly) {
    private static final String NAME = "llama-server";
    private static final List<String> WELL_KNOWN = List.of("/usr/local/bin", "/usr/bin", "/opt/llama.cpp", "./bin");
    private static final List<String> LIBRARY_DIRECTORIES = List.of(
            "usr/lib/x86_64-linux-gnu",
            "usr/lib/x86_64-linux-gnu/llama",
            "usr/lib/aarch64-linux-gnu",
            "usr/lib/aarch64-linux-gnu/llama",
            "usr/lib64",
            "usr/lib");
    private static final List<String> LOADERS = List.of(
            "ld.so",
            "usr/lib64/ld-linux-x86-64.so.2",
            "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
            "usr/lib/ld-linux-aarch64.so.1",
            "usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1");

    LlamaInstallation {
        program = List.copyOf(program);
        readOnly = List.copyOf(readOnly);
    }

    /**
     * The configured one, else one in a well-known place, else one on the PATH.
     *
     * @param path the value of the PATH; null when there is none
     */
    static LlamaInstallation find(EngineSettings settings, @Nullable String path) {
        if (settings.executable() != null) {
            var server = settings.executable();
            if (!Files.isExecutable(server)) {
                throw missing("The configured llama-server " + server + " is not an executable file.");
            }
            return ofExecutable(server);
        }
        if (settings.prefix() != null) {
            return ofPrefix(HostPaths.real(settings.prefix()));
        }
        var places = new ArrayList<>(WELL_KNOWN);
        if (path != null) {
            Stream.of(path.split(":", -1)).filter(p -> p.startsWith("/")).forEach(places::add);
        }
        for (var place : places) {
            var server = Path.of(place, NAME);
            if (Files.isExecutable(server) && Files.isRegularFile(server)) {
                return ofExecutable(server);
            }
        }
        throw missing("No llama-server was found in "
                + String.join(", ", places.stream().distinct().toList()) + ".");
    }

    private static LlamaInstallation ofPrefix(Path prefix) {
        var server = prefix.resolve("usr/bin").resolve(NAME);
        var loader = LOADERS.stream()
                .map(prefix::resolve)
                .filter(Files::isExecutable)
                .findFirst();
        if (loader.isEmpty() || !Files.isExecutable(server)) {
            throw missing("The configured prefix " + prefix
                    + " holds no usr/bin/llama-server with a dynamic loader (ld.so or usr/lib64/ld-linux-*.so.*).");
        }
        var libraries = LIBRARY_DIRECTORIES.stream()
                .map(prefix::resolve)
                .filter(Files::isDirectory)
                .map(Path::toString)
                .toList();
        return new LlamaInstallation(
                List.of(loader.get().toString(), "--library-path", String.join(":", libraries), server.toString()),
                List.of(prefix));
    }

    /** A release build keeps its libraries beside the executable, also when only a link to it is on the PATH. */
    private static LlamaInstallation ofExecutable(Path server) {
        var real = HostPaths.real(server);
        var directory = real.getParent();
        boolean system = directory == null || directory.startsWith("/usr") || directory.startsWith("/bin");
        return new LlamaInstallation(List.of(real.toString()), system ? List.of() : List.of(directory));
    }

    private static EngineException.EngineMissing missing(String where) {
        return new EngineException.EngineMissing(
                where + " Install llama.cpp so that llama-server is on the PATH, or configure where it is.");
    }
}
