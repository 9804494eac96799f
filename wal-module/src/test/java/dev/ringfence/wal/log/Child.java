package dev.ringfence.wal.log;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Another Java process of ours, with what it prints. Closing it kills it. */
public final class Child implements AutoCloseable {
    private final Process process;
    private final BufferedReader output;

    private Child(Process process) {
        this.process = process;
        output = process.inputReader();
    }

    static Child start(Class<?> main, String... arguments) throws IOException {
        return new Child(new ProcessBuilder(command(main, arguments))
                .redirectErrorStream(true)
                .start());
    }

    /** What starts it. */
    public static List<String> command(Class<?> main, String... arguments) {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        // Without a file of its own below /tmp, about which it would say something when another process has that.
        command.addAll(List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"));
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp"));
        command.add(System.getProperty("java.class.path"));
        command.add(main.getName());
        command.addAll(List.of(arguments));
        return command;
    }

    long pid() {
        return process.pid();
    }

    /** The next line; waits for it. */
    String line() throws IOException {
        var line = output.readLine();
        if (line == null) {
            throw new IOException("The child has ended");
        }
        return line;
    }

    /** Kills it with SIGKILL, and returns the whole lines that it had printed by then and nobody has read. */
    List<String> kill() throws IOException, InterruptedException {
        // Through the handle: the process itself would close what it printed with its death.
        process.toHandle().destroyForcibly();
        process.waitFor();
        var text = output.readAllAsString();
        return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly().onExit().join();
        output.close();
    }
}
