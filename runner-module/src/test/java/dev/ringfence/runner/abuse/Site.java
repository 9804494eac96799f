package dev.ringfence.runner.abuse;

import dev.ringfence.runner.OtherJvm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/** What all services under attack share: programs that everyone may read, files, networks. Made by root. */
final class Site implements AutoCloseable {
    private final Path directory;
    private final Networks networks;
    private final ServerSocketChannel socket;
    private final String classPath;

    Site() throws IOException {
        directory = Files.createTempDirectory("ringfence-abuse");
        allow(directory, "rwxr-xr-x");
        var around = new Surroundings(directory, 0, 0);
        for (var name : List.of("program", "open", "open/precious", "open/shared", "private")) {
            Files.createDirectory(directory.resolve(name));
        }
        // Nothing but a fence keeps anyone from writing there.
        allow(around.open(), "rwxrwxrwx");
        allow(around.precious(), "rwxrwxrwx");
        allow(around.shared(), "rwxrwxrwx");
        Files.writeString(around.precious().resolve("file"), "to be kept");
        Hostile.compile(around.program());
        Files.copy(around.program(), around.setUserId(), StandardCopyOption.COPY_ATTRIBUTES);
        var _ = Commands.run("chmod", "4755", around.setUserId().toString());
        socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        socket.bind(UnixDomainSocketAddress.of(around.socket()));
        allow(around.socket(), "rwxrwxrwx");
        classPath = OtherJvm.copyClassPath(directory);
        networks = new Networks(around.program().toString());
    }

    Path directory() {
        return directory;
    }

    Networks networks() {
        return networks;
    }

    /** For whoever cannot read the build's. */
    String classPath() {
        return classPath;
    }

    /** All that is left on the host of any job of this test's services. */
    List<String> marked() {
        var found = new ArrayList<String>();
        try (var processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (var process : processes) {
                try {
                    if (Files.readString(process.resolve("environ"), java.nio.charset.StandardCharsets.ISO_8859_1)
                            .contains(Victim.MARK + "=" + directory.getFileName() + "-")) {
                        found.add(process.getFileName().toString());
                    }
                } catch (IOException ended) {
                    // Nothing is left of it.
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found;
    }

    private static void allow(Path path, String permissions) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    }

    @Override
    public void close() {
        networks.close();
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        OtherJvm.deleteAll(directory);
    }
}
