package dev.ringfence.runner.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A file as it is now: another content has another one of these.
 *
 * @param inode which file it is, whatever it is called
 * @param modified when its content was written last, which who writes it may set back
 * @param changed when anything of it was changed last, which nobody can set back
 */
public record FileStamp(@Nullable Object inode, FileTime modified, FileTime changed, long size) {
    /** Blocks for a moment. */
    public static FileStamp of(Path file) throws IOException {
        var basic = Files.readAttributes(file, BasicFileAttributes.class);
        var changed = (FileTime) Files.getAttribute(file, "unix:ctime");
        return new FileStamp(basic.fileKey(), basic.lastModifiedTime(), changed, basic.size());
    }

    /** Whether this is the same file as an earlier one with another content: whoever has it open reads that. */
    public boolean overwrites(FileStamp earlier) {
        return Objects.equals(inode, earlier.inode) && (size != earlier.size || !modified.equals(earlier.modified));
    }
}
