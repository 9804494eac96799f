package dev.ringfence.runner.fence;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Directories of the host that a job works in, beside what its profile gives.
 *
 * @param bindings what is seen where
 * @param directory where the program starts, below one of the bindings; empty for its place for temporary files
 * @param user who the program is when the service runs as root: the directories' owner. Empty for a user of its own
 */
public record Workplace(List<Binding> bindings, Optional<Path> directory, OptionalInt user) {
    /** The program works nowhere but in its place for temporary files. */
    public static final Workplace NONE = new Workplace(List.of(), Optional.empty(), OptionalInt.empty());

    public Workplace {
        bindings = List.copyOf(bindings);
        var places = new HashSet<Path>();
        for (var binding : bindings) {
            if (!places.add(binding.inside())) {
                throw new IllegalArgumentException("two directories at " + binding.inside());
            }
        }
        if (user.isPresent() && user.getAsInt() < 1000) {
            throw new IllegalArgumentException("users below 1000 belong to the system: " + user.getAsInt());
        }
    }

    /**
     * A directory of the host.
     *
     * @param host absolute; nobody but the service may be able to replace it
     * @param inside absolute: where the program sees it; the same where fences have no tree of their own
     */
    public record Binding(Path host, Path inside, boolean writable) {
        public Binding {
            if (!host.isAbsolute() || !inside.isAbsolute() || inside.getNameCount() == 0) {
                throw new IllegalArgumentException(host + " cannot be seen at " + inside);
            }
        }

        Binding readOnly() {
            return new Binding(host, inside, false);
        }
    }
}
