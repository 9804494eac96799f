package dev.ringfence.runner.process;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Empties a directory that is held by a descriptor, by steps each of which is from one held directory to a single name in
 * it. A few directories are held at once; what lies deeper is moved up before its turn comes, so that neither depth nor
 * number takes memory. Used by one thread.
 */
final class TreeDeletion {
    /** Directories below each other that are held at once. */
    private static final int DEEPEST = 8;

    /** How often a directory is looked through in which others keep making something. */
    private static final int MOST_ROUNDS = 16;

    /** More than jobs leave; whoever makes more while they are deleted holds up the service no longer. */
    static final long MOST_ENTRIES = 2_000_000;

    private static final int BATCH = 32 * 1024;

    // struct linux_dirent64: inode, offset, length, type, name with its end.
    private static final long LENGTH = 16;
    private static final long TYPE = 18;
    private static final long NAME = 19;
    private static final byte DIRECTORY = 4;

    private static final int OWNERS_RIGHTS = 0700;
    private static final int MODE_BITS = 07777;

    private final int top;
    private final long mostEntries;
    private final String raisedPrefix = ".deleted-" + UUID.randomUUID() + "-";
    private long raised;
    private long seen;
    private @Nullable NativeCallException failure;

    /** @param mostEntries that are removed, or tried to */
    TreeDeletion(int top, long mostEntries) {
        this.top = top;
        this.mostEntries = mostEntries;
    }

    /** Removes all that can be removed. */
    void clear() {
        own(top);
        int round = 0;
        while (clear(top, 0, round)) {
            round++;
        }
    }

    /** Whether there was more than is removed at once. */
    boolean exhausted() {
        return seen >= mostEntries;
    }

    /** Why something stayed. */
    Optional<NativeCallException> failure() {
        return Optional.ofNullable(failure);
    }

    /**
     * Looks through a directory once.
     *
     * @return whether it may help to do so again
     */
    private boolean clear(int directory, int depth, int round) {
        int listing;
        try {
            listing = SystemCalls.openForListing(directory);
        } catch (NativeCallException e) {
            failed(e);
            return false;
        }
        try (var arena = Arena.ofConfined()) {
            var entries = arena.allocate(BATCH, 8);
            boolean progress = false;
            for (int filled = SystemCalls.list(listing, entries);
                    filled > 0 && !exhausted();
                    filled = SystemCalls.list(listing, entries)) {
                progress |= clear(directory, depth, round, entries.asSlice(0, filled));
            }
            return progress;
        } catch (NativeCallException e) {
            failed(e);
            return false;
        } finally {
            Libc.close(listing);
        }
    }

    private boolean clear(int directory, int depth, int round, MemorySegment entries) {
        boolean progress = false;
        for (long at = 0; at < entries.byteSize(); ) {
            int length = Short.toUnsignedInt(entries.get(ValueLayout.JAVA_SHORT_UNALIGNED, at + LENGTH));
            byte[] name = name(entries.asSlice(at + NAME, length - NAME));
            if (!isDots(name)) {
                seen++;
                boolean removed = removed(directory, name, entries.get(ValueLayout.JAVA_BYTE, at + TYPE), depth);
                progress |= removed && (round < MOST_ROUNDS || isRaised(name));
            }
            at += length;
        }
        return progress;
    }

    private boolean removed(int directory, byte[] name, byte type, int depth) {
        if (type != DIRECTORY) {
            int error = remove(directory, name, false);
            if (error != Errno.EISDIR) {
                return error == 0;
            }
        }
        return switch (remove(directory, name, true)) {
            case 0 -> true;
            case Errno.ENOTEMPTY, Errno.EEXIST ->
                depth < DEEPEST ? emptied(directory, name, depth) : raised(directory, name);
            // Somebody put something else there.
            case Errno.ENOTDIR -> remove(directory, name, false) == 0;
            default -> false;
        };
    }

    /** Whether something of it could be removed. */
    private boolean emptied(int parent, byte[] name, int depth) {
        int directory;
        try {
            directory = SystemCalls.directoryWithin(parent, name);
        } catch (NativeCallException e) {
            failed(e);
            return false;
        }
        try {
            own(directory);
            boolean some = false;
            for (int round = 0; round < MOST_ROUNDS && clear(directory, depth + 1, round); round++) {
                some = true;
                if (remove(parent, name, true) == 0) {
                    break;
                }
            }
            return some;
        } finally {
            Libc.close(directory);
        }
    }

    /** Moves a directory up, where its turn comes later. */
    private boolean raised(int parent, byte[] name) {
        try {
            int directory = SystemCalls.directoryWithin(parent, name);
            try {
                own(directory);
            } finally {
                Libc.close(directory);
            }
            SystemCalls.move(parent, name, top, HeldDirectory.bytes(raisedPrefix + raised++));
            return true;
        } catch (NativeCallException e) {
            failed(e);
            return false;
        }
    }

    /** Zero, or the kernel's number of the error. */
    private int remove(int directory, byte[] name, boolean isDirectory) {
        try {
            SystemCalls.remove(directory, name, isDirectory);
            return 0;
        } catch (NativeCallException e) {
            switch (e.errno()) {
                case Errno.EISDIR, Errno.ENOTDIR, Errno.ENOTEMPTY, Errno.EEXIST, Errno.ENOENT -> {}
                default -> failed(e);
            }
            return e.errno();
        }
    }

    private void failed(NativeCallException e) {
        failure = failure == null ? e : failure;
    }

    /** Its owner may have taken all rights away, also from itself. */
    private static void own(int directory) {
        // The descriptor's own link leads to what is held, and nowhere else.
        var held = Path.of("/proc/self/fd", Integer.toString(directory));
        try {
            int mode = (int) Files.getAttribute(held, "unix:mode") & MODE_BITS;
            if ((mode & OWNERS_RIGHTS) != OWNERS_RIGHTS) {
                Files.setAttribute(held, "unix:mode", mode | OWNERS_RIGHTS);
            }
        } catch (IOException e) {
            return; // Then looking into it fails, or it needs no rights.
        }
    }

    private boolean isRaised(byte[] name) {
        return new String(name, US_ASCII).startsWith(raisedPrefix);
    }

    private static boolean isDots(byte[] name) {
        return name[0] == '.' && (name.length == 2 || (name.length == 3 && name[1] == '.'));
    }

    /** With its end. */
    private static byte[] name(MemorySegment padded) {
        byte[] bytes = padded.toArray(ValueLayout.JAVA_BYTE);
        int end = 0;
        while (bytes[end] != 0) {
            end++;
        }
        return Arrays.copyOf(bytes, end + 1);
    }
}
