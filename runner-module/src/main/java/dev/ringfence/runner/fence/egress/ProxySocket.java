package dev.ringfence.runner.fence.egress;

import dev.ringfence.runner.process.PinnedFile;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * A unix socket that waits for connections and has no name any more: it is reached through a descriptor of this process
 * only, so no other program of the host can use it.
 *
 * @param place where this process can connect
 */
record ProxySocket(ServerSocketChannel server, PinnedFile place) implements AutoCloseable {
    private static final int BACKLOG = 64;

    /**
     * Opens one.
     *
     * @throws IOException when the host has no room for it; nothing of it is left then
     */
    static ProxySocket open() throws IOException {
        var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            return new ProxySocket(server, bind(server));
        } catch (IOException | RuntimeException e) {
            server.close();
            throw e;
        }
    }

    /** Binds it in a directory that only the service can enter, and takes both names away. */
    private static PinnedFile bind(ServerSocketChannel server) throws IOException {
        var directory = Files.createTempDirectory(
                "ringfence-egress-",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        var path = directory.resolve("socket");
        PinnedFile place = null;
        try {
            server.bind(UnixDomainSocketAddress.of(path), BACKLOG);
            place = PinnedFile.of(path);
            Files.delete(path);
            Files.delete(directory);
            return place;
        } catch (IOException | RuntimeException e) {
            if (place != null) {
                place.close();
            }
            try {
                Files.deleteIfExists(path);
                Files.deleteIfExists(directory);
            } catch (IOException stays) {
                e.addSuppressed(stays);
            }
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        try (place) {
            server.close();
        }
    }
}
