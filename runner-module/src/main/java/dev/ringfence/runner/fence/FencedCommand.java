package dev.ringfence.runner.fence;

import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.process.ProgramInput;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A program to run in a fence.
 *
 * @param name names the tree, its control groups and its threads; letters, digits, {@code -} and {@code .}
 * @param profile what it may use
 * @param argv the program, as an absolute path inside the fence, and its arguments
 * @param environment all of its environment; nothing is inherited
 * @param input what it reads from standard input
 * @param readOnly host paths that the runner itself needs inside, at the same place, beside the profile's
 * @param threads how many threads the program may have beside its first, on top of the profile's child processes; for
 *     programs of an operator's choice, such as an engine, and zero for what an agent chose
 * @param serves whether it may take connections on a unix socket that it makes among its temporary files; for programs of
 *     an operator's choice
 * @param deadline from start to the end of the tree; the profile's maximum still holds
 * @param capture how much of each output stream is kept
 * @param workplace directories of the host that it works in
 */
public record FencedCommand(
        String name,
        SandboxProfile profile,
        List<String> argv,
        Map<String, String> environment,
        ProgramInput input,
        List<Path> readOnly,
        int threads,
        boolean serves,
        Duration deadline,
        long capture,
        Workplace workplace) {
    public FencedCommand {
        Objects.requireNonNull(profile);
        Objects.requireNonNull(input);
        Objects.requireNonNull(workplace);
        if (!name.matches("[A-Za-z0-9.-]{1,80}")) {
            throw new IllegalArgumentException("not a name for a fence: " + name);
        }
        argv = List.copyOf(argv);
        environment = Map.copyOf(environment);
        readOnly = List.copyOf(readOnly);
        if (argv.isEmpty() || !argv.getFirst().startsWith("/")) {
            throw new IllegalArgumentException("the program must be an absolute path: " + argv);
        }
    }

    /** A program that nobody connects to. */
    public FencedCommand(
            String name,
            SandboxProfile profile,
            List<String> argv,
            Map<String, String> environment,
            ProgramInput input,
            List<Path> readOnly,
            int threads,
            Duration deadline,
            long capture,
            Workplace workplace) {
        this(name, profile, argv, environment, input, readOnly, threads, false, deadline, capture, workplace);
    }

    /** A program that nobody connects to, and that works in no directory of the host. */
    public FencedCommand(
            String name,
            SandboxProfile profile,
            List<String> argv,
            Map<String, String> environment,
            byte[] input,
            List<Path> readOnly,
            int threads,
            Duration deadline,
            long capture) {
        this(
                name,
                profile,
                argv,
                environment,
                new ProgramInput.Bytes(input),
                readOnly,
                threads,
                deadline,
                capture,
                Workplace.NONE);
    }

    /** The deadline that holds: no longer than the profile allows. */
    Duration effectiveDeadline() {
        var most = profile.processLimits().maxExecutionTime();
        return deadline.compareTo(most) < 0 ? deadline : most;
    }
}
