package dev.ringfence.runner.process;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What processes hold by their descriptors and mappings and that shows nowhere else. Threads of a process have the same
 * descriptors: a job's filter sees to that. Used by one thread at a time.
 */
public final class HeldFiles {
    private static final int TYPE = 0xF000;
    private static final int REGULAR_FILE = 0x8000;
    private static final int SOCKET = 0xC000;
    private static final int PIPE = 0x1000;

    /** How many descriptors wait in a unix socket to be received; since Linux 5.6. */
    private static final String WAITING = "scm_fds:";

    /** Of each kind. */
    private static final int MOST = 100_000;

    private final Set<UnnamedFile> unnamed = new HashSet<>();
    private final Set<Long> sockets = new HashSet<>();
    private final Set<Long> pipes = new HashSet<>();
    private long undelivered;

    /** What is left of the time for descriptors and for mappings. */
    private long openNanos = Duration.ofSeconds(1).toNanos();

    private long mappedNanos = Duration.ofSeconds(1).toNanos();
    private boolean complete = true;

    HeldFiles() {}

    /**
     * Whether all of them were looked at. A process can have tens of thousands of mappings, whose names take hundreds of
     * megabytes, and as many descriptors: a look at them has limits of time and number.
     */
    public boolean complete() {
        return complete;
    }

    /** Regular files that have no name any more, which the kernel keeps as long. */
    public Set<UnnamedFile> unnamed() {
        return unnamed;
    }

    /** How many sockets. */
    public int sockets() {
        return sockets.size();
    }

    /** How many pipes, those with a name included. */
    public int pipes() {
        return pipes.size();
    }

    /**
     * How many descriptors these sockets hold that were sent and not received yet. What they stand for shows nowhere, and
     * may be sockets that hold others.
     */
    public long undelivered() {
        return undelivered;
    }

    /** Adds those of a process; false when it does not let us see them, or has ended. */
    boolean add(ProcessEntry process) {
        if (process.zombie()) {
            return true;
        }
        try {
            var place = process.place();
            addOpen(place);
            addMapped(place);
            return true;
        } catch (IOException | DirectoryIteratorException e) {
            // The latter where it ends between the opening of the list and its reading.
            return false;
        }
    }

    private void addOpen(Path place) throws IOException {
        long begin = System.nanoTime();
        try (var open = Files.newDirectoryStream(place.resolve("fd"))) {
            for (var descriptor : open) {
                if (System.nanoTime() - begin >= openNanos || full()) {
                    complete = false;
                    break;
                }
                add(place, descriptor);
            }
        } finally {
            openNanos -= System.nanoTime() - begin;
        }
    }

    private void addMapped(Path place) throws IOException {
        long begin = System.nanoTime();
        try {
            complete &= KernelFile.lines(place.resolve("maps"), line -> {
                UnnamedFile.mapped(line).ifPresent(unnamed::add);
                return System.nanoTime() - begin < mappedNanos && !full();
            });
        } finally {
            mappedNanos -= System.nanoTime() - begin;
        }
    }

    private boolean full() {
        return unnamed.size() >= MOST || sockets.size() >= MOST || pipes.size() >= MOST;
    }

    private void add(Path place, Path descriptor) {
        try {
            var what = Files.readAttributes(descriptor, "unix:mode,nlink,size,dev,ino");
            long inode = number(what, "ino");
            switch ((int) number(what, "mode") & TYPE) {
                case REGULAR_FILE -> {
                    if (number(what, "nlink") == 0) {
                        unnamed.add(new UnnamedFile(number(what, "dev"), inode, OptionalLong.of(number(what, "size"))));
                    }
                }
                case SOCKET -> {
                    if (sockets.add(inode)) {
                        undelivered += waiting(place.resolve("fdinfo").resolve(descriptor.getFileName()));
                    }
                }
                case PIPE -> pipes.add(inode);
                default -> {}
            }
        } catch (IOException e) {
            // Closed meanwhile, or a link that leads nowhere.
        }
    }

    private static long number(Map<String, Object> attributes, String name) {
        return attributes.get(name) instanceof Number number ? number.longValue() : 0;
    }

    private static long waiting(Path description) throws IOException {
        return KernelFile.read(description)
                .lines()
                .filter(line -> line.startsWith(WAITING))
                .mapToLong(
                        line -> Long.parseLong(line.substring(WAITING.length()).strip()))
                .sum();
    }
}
