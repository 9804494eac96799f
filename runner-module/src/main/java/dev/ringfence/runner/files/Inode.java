package dev.ringfence.runner.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.Objects;

/** What the kernel says of a file that is held; two that are equal are the same file, unchanged. */
record Inode(
        long device,
        long number,
        int mode,
        int links,
        int user,
        int group,
        long size,
        FileTime modified,
        FileTime changed) {
    private static final int TYPE = 0170000;
    private static final int REGULAR = 0100000;
    private static final int DIRECTORY = 0040000;
    private static final int PERMISSIONS = 0777;

    /** Of what a path of {@code /proc/self/fd} stands for. */
    static Inode of(Path held) throws IOException {
        var all = Files.readAttributes(held, "unix:dev,ino,mode,nlink,uid,gid,size,lastModifiedTime,ctime");
        return new Inode(
                number(all, "dev"),
                number(all, "ino"),
                (int) number(all, "mode"),
                (int) number(all, "nlink"),
                (int) number(all, "uid"),
                (int) number(all, "gid"),
                number(all, "size"),
                (FileTime) Objects.requireNonNull(all.get("lastModifiedTime")),
                (FileTime) Objects.requireNonNull(all.get("ctime")));
    }

    private static long number(Map<String, Object> all, String name) {
        return ((Number) Objects.requireNonNull(all.get(name))).longValue();
    }

    boolean regular() {
        return (mode & TYPE) == REGULAR;
    }

    /** Without set-user-id and its like. */
    int permissions() {
        return mode & PERMISSIONS;
    }

    String kind() {
        return switch (mode & TYPE) {
            case REGULAR -> "a file";
            case DIRECTORY -> "a directory";
            case 0010000 -> "a FIFO";
            case 0140000 -> "a socket";
            default -> "a device";
        };
    }
}
