package dev.ringfence.runner.files;

/**
 * What shall become of a file.
 *
 * @param content what is written, or added at the end
 * @param parents whether directories that are missing on the way are made
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once; nothing compares changes
public record Change(FileRoot root, FilePath path, byte[] content, Mode mode, boolean parents) {
    /** How the content meets a file that is there. */
    public enum Mode {
        /** There must be none. */
        CREATE,
        /** It is replaced. */
        OVERWRITE,
        /** The content is added to it. */
        APPEND
    }
}
