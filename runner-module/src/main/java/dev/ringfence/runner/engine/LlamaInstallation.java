package dev.ringfence.runner.engine;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How llama.cpp is started on this host.
 *
 * @param program the beginning of its command line
 * @param readOnly what has to be visible in its fence at the same place, beside the system's directories
 * @param server whether it stays and answers many requests; otherwise it answers one, and ends
 */
record LlamaInstallation(List<String> program, List<Path> readOnly, boolean server) {
    private static final String SERVER = "llama-server";
    /** The second is the first one's name in older releases, and starts a server of its own in newer ones. */
    private static final List<String> ONE_SHOT = List.of("llama-completion", "llama-cli");

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
     * The configured one, else a server in a well-known place or on the PATH, else a program there that answers once.
     *
     * @param path the value of the PATH; null when there is none
     */
    static LlamaInstallation find(EngineSettings settings, @Nullable String path) {
        if (settings.executable() != null) {
            var executable = settings.executable();
            if (!isProgram(executable)) {
                throw missing("ringfence.llama-server is " + executable + ", which is no executable file.");
            }
            return ofExecutable(executable);
        }
        if (settings.prefix() != null) {
            return ofPrefix(HostPaths.real(settings.prefix()));
        }
        var places = new ArrayList<>(WELL_KNOWN);
        if (path != null) {
            Stream.of(path.split(":", -1)).filter(p -> p.startsWith("/")).forEach(places::add);
        }
        for (var name : names()) {
            for (var place : places) {
                var program = Path.of(place, name);
                if (isProgram(program)) {
                    return ofExecutable(program);
                }
            }
        }
        throw missing("No " + String.join(" and no ", names()) + " was found in "
                + String.join(", ", places.stream().distinct().toList()) + ".");
    }

    /** The program itself, which may be started by a loader. */
    Path file() {
        return Path.of(program.getLast());
    }

    private static List<String> names() {
        return Stream.concat(Stream.of(SERVER), ONE_SHOT.stream()).toList();
    }

    private static boolean isProgram(Path file) {
        return Files.isExecutable(file) && Files.isRegularFile(file);
    }

    /** Whatever has another name is taken for a server. */
    private static boolean isServer(Path program) {
        return !ONE_SHOT.contains(String.valueOf(program.getFileName()));
    }

    private static LlamaInstallation ofPrefix(Path prefix) {
        var program = names().stream()
                .map(prefix.resolve("usr/bin")::resolve)
                .filter(LlamaInstallation::isProgram)
                .findFirst();
        var loader = LOADERS.stream()
                .map(prefix::resolve)
                .filter(Files::isExecutable)
                .findFirst();
        if (loader.isEmpty() || program.isEmpty()) {
            throw missing(
                    "ringfence.llama-prefix is " + prefix
                            + ", which holds no usr/bin/llama-server with a dynamic loader (ld.so or usr/lib64/ld-linux-*.so.*).");
        }
        var libraries = LIBRARY_DIRECTORIES.stream()
                .map(prefix::resolve)
                .filter(Files::isDirectory)
                .map(Path::toString)
                .toList();
        return new LlamaInstallation(
                List.of(
                        loader.get().toString(),
                        "--library-path",
                        String.join(":", libraries),
                        program.get().toString()),
                List.of(prefix),
                isServer(program.get()));
    }

    /** A release build keeps its libraries beside the executable, also when only a link to it is on the PATH. */
    private static LlamaInstallation ofExecutable(Path program) {
        var real = HostPaths.real(program);
        var directory = real.getParent();
        boolean system = directory == null || directory.startsWith("/usr") || directory.startsWith("/bin");
        return new LlamaInstallation(
                List.of(real.toString()), system ? List.of() : List.of(directory), isServer(program));
    }

    private static EngineException.EngineMissing missing(String where) {
        return new EngineException.EngineMissing(
                where
                        + " Install llama.cpp so that llama-server is on the PATH, or say where it is (ringfence.llama-server).");
    }
}
