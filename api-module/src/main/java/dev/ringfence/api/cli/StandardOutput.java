package dev.ringfence.api.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where the commands print. It remembers what print streams and writers keep to themselves: that something could not be
 * written. Threads may share it.
 */
final class StandardOutput extends OutputStream {
    /** What Java says when the reader of a pipe has gone (EPIPE); it has no exception of its own for that. */
    private static final String READER_GONE = "Broken pipe";

    private final OutputStream file;
    private final Charset charset;
    private volatile @Nullable IOException failure;

    StandardOutput(OutputStream file, Charset charset) {
        this.file = file;
        this.charset = charset;
    }

    /** This process's own, which {@link System#out} writes to from now on. */
    static StandardOutput takeOver() {
        var output = new StandardOutput(new FileOutputStream(FileDescriptor.out), System.out.charset());
        System.setOut(new PrintStream(output, true, output.charset));
        return output;
    }

    /** Whether what this process prints and what it complains of end in one place, such as a terminal. */
    static boolean isSharedWithErrors() {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/fd/1"))
                    .equals(Files.readSymbolicLink(Path.of("/proc/self/fd/2")));
        } catch (IOException e) {
            return false;
        }
    }

    /** For text that a command prints. */
    PrintWriter writer() {
        return new PrintWriter(new OutputStreamWriter(this, charset), true);
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
            file.write(bytes, offset, length);
        } catch (IOException e) {
            if (failure == null) {
                failure = e;
            }
            throw e;
        }
    }

    /**
     * What a command ends with whose work ended with a code: it has failed when what it printed is lost. A reader that has
     * gone, as {@code head} does, wanted no more.
     *
     * @param err where the loss is told
     */
    int verdict(int code, PrintWriter err) {
        var lost = failure;
        if (lost == null || READER_GONE.equals(lost.getMessage())) {
            return code;
        }
        err.println("ringfence: standard output cannot be written, so what it has is not all: " + lost.getMessage());
        return code == 0 ? ExitCodes.FAILED : code;
    }
}
