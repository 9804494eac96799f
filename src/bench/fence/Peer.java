package fence;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The program in C beside which we are measured; it takes the time itself. */
final class Peer implements AutoCloseable {
    private static final String SEPARATOR = "\u001f";

    private final Process process;
    private final Writer orders;
    private final BufferedReader answers;

    Peer() {
        try {
            process = new ProcessBuilder(Path.of(System.getenv("RINGFENCE_BENCH_PROGRAMS"), "peer").toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        orders = process.outputWriter();
        answers = process.inputReader();
    }

    /** Nanoseconds from the start to the end of a program. */
    long start(String program, List<String> argv) {
        return order(List.of("start", program), argv);
    }

    /** The same, with its output into a file. */
    long intoFile(Path file, String program, List<String> argv) {
        return order(List.of("file", file.toString(), program), argv);
    }

    /** Nanoseconds from the polite signal to the end of the tree, which has said a word before. */
    long cancel(String word, String program, List<String> argv) {
        return order(List.of("cancel", word, program), argv);
    }

    private long order(List<String> what, List<String> argv) {
        var words = new ArrayList<>(what);
        words.addAll(argv);
        try {
            orders.write(String.join(SEPARATOR, words) + "\n");
            orders.flush();
            return Long.parseLong(answers.readLine());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroy();
    }
}
