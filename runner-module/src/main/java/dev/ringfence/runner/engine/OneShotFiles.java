package dev.ringfence.runner.engine;

import dev.ringfence.runner.fence.Fences;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jboss.logging.Logger;

/**
 * The texts of one request as files, because a command line can be read by everybody on the host and holds 128 KiB. The
 * program's user is not known yet, so the files can be read by whoever knows their names, which nobody can guess or list.
 */
final class OneShotFiles implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(OneShotFiles.class);

    private final Path directory;
    private final List<Path> files = new ArrayList<>();

    /** @param fences know where; what a crash leaves there is removed with all that it leaves */
    OneShotFiles(Fences fences) {
        try {
            directory = Files.createTempDirectory(fences.scratch(), "prompt-");
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        } catch (IOException e) {
            throw notWritten(e);
        }
    }

    Path add(String text) {
        var name = new byte[16];
        new SecureRandom().nextBytes(name);
        var file = directory.resolve(HexFormat.of().formatHex(name));
        files.add(file);
        try {
            Files.write(file, text.getBytes(StandardCharsets.UTF_8));
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
            return file;
        } catch (IOException e) {
            throw notWritten(e);
        }
    }

    List<Path> all() {
        return List.copyOf(files);
    }

    @Override
    public void close() {
        try {
            for (var file : files) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            // No reason to lose an answer that is there.
            LOG.warnf("A prompt cannot be removed: %s; delete the directory %s", e, directory);
        }
    }

    private static UncheckedIOException notWritten(IOException why) {
        return new UncheckedIOException(
                "the prompt cannot be written: " + why.getMessage()
                        + "; set ringfence.fence.scratch to a directory with" + " room that the service may write to",
                why);
    }
}
