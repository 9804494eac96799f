package dev.ringfence.runner.fence;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What jobs take of this process and of the host while they run; two looks with nothing running are equal.
 *
 * @param descriptors how many are open, and what the ones that are no files stand for
 * @param threads that watch or build something
 * @param groups control groups of this service's jobs
 */
record Traces(List<String> descriptors, List<String> threads, List<String> groups) {
    static Traces look(String instance) {
        return new Traces(openDescriptors(), watchers(), groups(instance));
    }

    /** Without numbers, which are given anew, and without files of the class path, which are opened when needed. */
    private static List<String> openDescriptors() {
        return list(Path.of("/proc/self/fd"))
                .map(Traces::target)
                .filter(target -> !target.startsWith("/"))
                .map(target -> target.replaceAll("\\[?\\d+]?", ""))
                .sorted()
                .toList();
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException closed) {
            return "/closed";
        }
    }

    private static List<String> watchers() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.matches("(keeper|fence|gate|watch|cgroup).*"))
                .sorted()
                .toList();
    }

    private static List<String> groups(String instance) {
        var found = new ArrayList<String>();
        try {
            // Version 1 has a hierarchy for each controller, below which the service's own group may be anywhere.
            Files.walkFileTree(Path.of("/sys/fs/cgroup"), new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                    if (directory.toString().contains("/ringfence-" + instance + "/")) {
                        found.add(directory.toString());
                    }
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException removed) {
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException removed) {
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found;
    }

    private static Stream<Path> list(Path directory) {
        try (var entries = Files.list(directory)) {
            return entries.toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
