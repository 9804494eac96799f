package dev.ringfence.runner.process;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.OptionalInt;

/**
 * A set of Landlock rules for a program: what is handled and not allowed by a rule is denied, to it and to all it
 * starts (landlock(7)). Built by one thread, then given to one {@link Confinement}, whose start closes it.
 */
public final class Landlock implements AutoCloseable {
    private static final int VERSION_QUESTION = 1;
    private static final int PATH_BENEATH = 1;

    private final int descriptor;
    private boolean closed;

    private Landlock(int descriptor) {
        this.descriptor = descriptor;
    }

    /** The version of the kernel's Landlock; empty when it has none, or it is switched off or forbidden. */
    public static OptionalInt version() {
        long version = SystemCalls.landlockRuleset(MemorySegment.NULL, VERSION_QUESTION);
        return version > 0 ? OptionalInt.of((int) version) : OptionalInt.empty();
    }

    /**
     * An empty set: all that is handled is denied.
     *
     * @param files handled rights to files, {@code LANDLOCK_ACCESS_FS_…}
     * @param network handled rights to the network, {@code LANDLOCK_ACCESS_NET_…}; zero before version 4
     * @param scopes {@code LANDLOCK_SCOPE_…}; zero before version 6
     */
    public static Landlock handling(long files, long network, long scopes) {
        // The kernel takes a longer structure than it knows as long as the rest is zero.
        try (var arena = Arena.ofConfined()) {
            var attributes = arena.allocateFrom(ValueLayout.JAVA_LONG, files, network, scopes);
            return new Landlock(
                    (int) SystemCalls.check("landlock_create_ruleset", SystemCalls.landlockRuleset(attributes, 0)));
        }
    }

    /** Allows rights to a file, or to a directory and all that is beneath it. */
    public void allow(PinnedFile file, long rights) {
        try (var arena = Arena.ofConfined()) {
            // Packed: twelve bytes.
            var rule = arena.allocate(16, 8);
            rule.set(ValueLayout.JAVA_LONG, 0, rights);
            rule.set(ValueLayout.JAVA_INT, 8, file.descriptor());
            SystemCalls.landlockRule(descriptor, PATH_BENEATH, rule);
        }
    }

    int descriptor() {
        return descriptor;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            Libc.close(descriptor);
        }
    }
}
