package dev.ringfence.runner.process;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A program to start.
 *
 * @param name names the threads that watch it
 * @param executable absolute
 * @param argv all of it, the program's own name first
 * @param environment all of it; nothing is inherited
 * @param directory where the program starts
 * @param input what it reads from standard input
 * @param data what it may read as descriptors 3, 4, …
 * @param files what it gets as descriptors behind {@code data}; they stay the caller's to close, after the start
 * @param supervised whether, behind {@code files}, it has a descriptor to report its status to and a gate to wait at:
 *     a line end can be read there once the {@link Supervisor} says so. Until then it is a launcher that builds something
 *     around the program: what it writes is told only when it fails
 * @param deadline from the start to the end of the tree
 * @param grace between the polite signal and the kill
 * @param capture how many bytes of each output stream are kept; what comes beyond is read and counted
 * @param confinement what the program is started under; empty to start it with the service's own rights
 */
public record ProcessRequest(
        String name,
        Path executable,
        List<String> argv,
        Map<String, String> environment,
        Path directory,
        ProgramInput input,
        List<byte[]> data,
        List<PinnedFile> files,
        boolean supervised,
        Duration deadline,
        Duration grace,
        long capture,
        Optional<Confinement> confinement) {
    /** A program that gets no files. */
    public ProcessRequest(
            String name,
            Path executable,
            List<String> argv,
            Map<String, String> environment,
            Path directory,
            ProgramInput input,
            List<byte[]> data,
            boolean supervised,
            Duration deadline,
            Duration grace,
            long capture,
            Optional<Confinement> confinement) {
        this(
                name,
                executable,
                argv,
                environment,
                directory,
                input,
                data,
                List.of(),
                supervised,
                deadline,
                grace,
                capture,
                confinement);
    }

    public ProcessRequest {
        Objects.requireNonNull(executable);
        Objects.requireNonNull(directory);
        Objects.requireNonNull(input);
        Objects.requireNonNull(deadline);
        Objects.requireNonNull(grace);
        Objects.requireNonNull(confinement);
        argv = List.copyOf(argv);
        environment = Map.copyOf(environment);
        data = List.copyOf(data);
        files = List.copyOf(files);
        if (argv.isEmpty()) {
            throw new IllegalArgumentException("a program needs at least its own name as an argument");
        }
        argv.forEach(ProcessRequest::requireNoNul);
        environment.forEach((key, value) -> {
            requireNoNul(key);
            requireNoNul(value);
            if (key.isEmpty() || key.contains("=")) {
                throw new IllegalArgumentException("not the name of a variable: \"" + key + "\"");
            }
        });
    }

    /** How many descriptors the program has, all of them counted. */
    int descriptors() {
        return gateDescriptor(data.size() + files.size()) + 1;
    }

    /** The descriptor of the status, as a program sees it that was given so many pieces of data and files. */
    public static int statusDescriptor(int pieces) {
        return 3 + pieces;
    }

    /** The descriptor of the gate, as a program sees it that was given so many pieces of data and files. */
    public static int gateDescriptor(int pieces) {
        return 4 + pieces;
    }

    private static void requireNoNul(String value) {
        if (value.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("an argument or variable holds a NUL character");
        }
    }
}
