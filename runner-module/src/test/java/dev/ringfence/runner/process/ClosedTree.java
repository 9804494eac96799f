package dev.ringfence.runner.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;

/** A user that is not root, who makes a tree of directories, takes all rights from them, and deletes it. */
final class ClosedTree {
    private static final int DEPTH = 40;

    private ClosedTree() {}

    public static void main(String[] arguments) throws IOException {
        var top = Path.of(arguments[0]);
        var made = new ArrayList<Path>();
        for (var directory = top; made.size() < DEPTH; directory = directory.resolve("d")) {
            made.add(Files.createDirectory(directory));
            Files.createFile(directory.resolve("file"));
            Files.createDirectory(
                    directory.resolve("empty"),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("---------")));
        }
        for (var directory : made.reversed()) {
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("---------"));
        }
        DirectoryTrees.delete(top);
        System.out.println(Files.notExists(top) ? "gone" : "there");
    }
}
