package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.fence.FencedResult;
import dev.ringfence.runner.files.FileRoot;
import dev.ringfence.runner.files.Refused;
import dev.ringfence.runner.process.ProgramInput;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** What a job runs in fences: programs one after the other, as long as each ends with zero. Used by one thread. */
interface FencedScript {
    /**
     * The next program.
     *
     * @param done what ran so far, each of which ended with zero
     * @throws Refused when the job shall end here as failed
     */
    Optional<Step> next(List<FencedResult> done);

    /** How many bytes of the last program's standard output {@link #finish} is given. */
    default int wanted() {
        return 0;
    }

    /**
     * Adds to the result what only the script knows.
     *
     * @param data shows how the last program ended
     * @param stdout the beginning of what that program put out, {@link #wanted} bytes at most
     */
    default void finish(ObjectNode data, byte[] stdout) {}

    /** What the programs see beside the workspace. */
    default List<FileRoot> roots() {
        return List.of();
    }

    /** What no output may show. */
    default Collection<String> secrets() {
        return List.of();
    }

    /**
     * A program.
     *
     * @param environment beside what tells it of its places
     * @param readOnly what it needs of the host, at the same place
     * @param quiet whether its output is for the script only
     */
    record Step(
            List<String> argv,
            Map<String, String> environment,
            ProgramInput input,
            List<Path> readOnly,
            boolean quiet) {
        /** The same with another input. */
        Step reading(ProgramInput other) {
            return new Step(argv, environment, other, readOnly, quiet);
        }
    }

    /** A single program, and what its output may not show; the step may refuse as {@link #next} does. */
    static FencedScript of(Supplier<Step> step, Collection<String> secrets) {
        return new FencedScript() {
            @Override
            public Optional<Step> next(List<FencedResult> done) {
                return done.isEmpty() ? Optional.of(step.get()) : Optional.empty();
            }

            @Override
            public Collection<String> secrets() {
                return secrets;
            }
        };
    }
}
