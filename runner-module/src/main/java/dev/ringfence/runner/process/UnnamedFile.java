package dev.ringfence.runner.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A regular file that was removed and that a process still holds.
 *
 * @param device as stat(2) gives it
 * @param bytes its size; empty for one that is only mapped, of which it is not told
 */
public record UnnamedFile(long device, long inode, OptionalLong bytes) {
    private static final String DELETED = " (deleted)";

    /** Those of a process; empty when it does not let us see them, or has ended. */
    static Optional<List<UnnamedFile>> of(int pid) {
        var process = Path.of("/proc", Integer.toString(pid));
        var files = new ArrayList<UnnamedFile>();
        try (var open = Files.newDirectoryStream(process.resolve("fd"))) {
            for (var descriptor : open) {
                opened(descriptor).ifPresent(files::add);
            }
            var maps = Files.readString(process.resolve("maps"), StandardCharsets.ISO_8859_1);
            for (var line : maps.lines().toList()) {
                if (line.endsWith(DELETED)) {
                    files.add(mapped(line));
                }
            }
            return Optional.of(files);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static Optional<UnnamedFile> opened(Path descriptor) {
        try {
            var what = Files.readAttributes(descriptor, "unix:nlink,size,isRegularFile,dev,ino");
            return what.get("nlink") instanceof Integer links
                            && links == 0
                            && what.get("isRegularFile") instanceof Boolean regular
                            && regular
                            && what.get("dev") instanceof Long device
                            && what.get("ino") instanceof Long inode
                            && what.get("size") instanceof Long bytes
                    ? Optional.of(new UnnamedFile(device, inode, OptionalLong.of(bytes)))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty(); // closed meanwhile, or a link that leads nowhere
        }
    }

    /** Range, rights, offset, device, inode, name (proc(5)). */
    private static UnnamedFile mapped(String line) {
        String[] fields = line.split(" +", 6);
        String[] device = fields[3].split(":", 2);
        return new UnnamedFile(
                number(Long.parseLong(device[0], 16), Long.parseLong(device[1], 16)),
                Long.parseLong(fields[4]),
                OptionalLong.empty());
    }

    /** As makedev(3) puts it together. */
    private static long number(long major, long minor) {
        return ((major & 0xFFF) << 8) | ((major & ~0xFFFL) << 32) | (minor & 0xFF) | ((minor & ~0xFFL) << 12);
    }
}
