package dev.ringfence.runner.process;

import java.util.ArrayDeque;
import java.util.Deque;

/** Descriptors that are closed together. Used by one thread. */
final class Descriptors implements AutoCloseable {
    private final Deque<Integer> open = new ArrayDeque<>();

    /** Above every number that a child is given, so that moving them into place in the child never overwrites one. */
    private final int lowest;

    /** Of a parent, whose numbers do not matter. */
    Descriptors() {
        this(0);
    }

    /** To be given to a child that has so many. */
    Descriptors(int lowest) {
        this.lowest = lowest;
    }

    int add(int descriptor) {
        open.push(descriptor);
        return descriptor;
    }

    /** Takes over a descriptor under a number that no child uses. */
    int raise(int descriptor) {
        if (descriptor >= lowest) {
            return add(descriptor);
        }
        try {
            return add(Libc.duplicate(descriptor, lowest));
        } finally {
            Libc.close(descriptor);
        }
    }

    /** A descriptor for the same as another's, which stays as it is. */
    int copy(int descriptor) {
        return add(Libc.duplicate(descriptor, lowest));
    }

    /**
     * Splits a new pipe between parent and child; these are the child's descriptors.
     *
     * @return the parent's end, non-blocking, which belongs to {@code parent}
     */
    int split(Descriptors parent, boolean parentWrites) {
        var pipe = Libc.pipe();
        int ours = parent.add(parentWrites ? pipe.writeEnd() : pipe.readEnd());
        int _ = raise(parentWrites ? pipe.readEnd() : pipe.writeEnd());
        Libc.nonBlocking(ours);
        return ours;
    }

    /** The one added last. */
    int last() {
        return open.element();
    }

    void close(int descriptor) {
        if (open.remove(descriptor)) {
            Libc.close(descriptor);
        }
    }

    @Override
    public void close() {
        open.forEach(Libc::close);
        open.clear();
    }
}
