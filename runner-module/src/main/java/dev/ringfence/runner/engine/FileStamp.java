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
 * @param changed when anything of it was changed last, its mode or names as well, which nobody can set back
 */
public record FileStamp(Content content, FileTime changed) {
    /**
     * What says that a file has another content.
     *
     * @param inode which file it is, whatever it is called
     * @param modified when its content was written last, which who writes it may set back
     */
    public record Content(@Nullable Object inode, FileTime modified, long size) {}

    /** Blocks for a moment. */
    public static FileStamp of(Path file) throws IOException {
        var basic = Files.readAttributes(file, BasicFileAttributes.class);
        var changed = (FileTime) Files.getAttribute(file, "unix:ctime");
        return new FileStamp(new Content(basic.fileKey(), basic.lastModifiedTime(), basic.size()), changed);
    }

    /** Whether this is the same file as an earlier one with another content: whoever has it open reads that. */
    public boolean overwrites(FileStamp earlier) {
        return Objects.equals(content.inode, earlier.content.inode) && !content.equals(earlier.content);
    }
}
