package dev.ringfence.runner.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PinnedFileTest {
    @TempDir
    Path directory;

    @Test
    void aSocketCanBeConnectedToThroughItsPin() throws IOException {
        var socket = directory.resolve("real.sock");
        try (var server = listen(socket);
                var pinned = PinnedFile.of(socket);
                var client = SocketChannel.open(UnixDomainSocketAddress.of(pinned.path()))) {
            assertThat(server.accept()).isNotNull();
            assertThat(client.isConnected()).isTrue();
        }
    }

    @Test
    void aLinkToASocketElsewhereIsNotFollowed() throws IOException {
        var socket = directory.resolve("host.sock");
        var link = Files.createSymbolicLink(directory.resolve("engine.sock"), socket);
        try (var server = listen(socket);
                var pinned = PinnedFile.of(link)) {
            server.configureBlocking(false);

            assertThatThrownBy(() -> SocketChannel.open(UnixDomainSocketAddress.of(pinned.path())))
                    .isInstanceOf(IOException.class);
            assertThat(server.accept()).isNull();
        }
    }

    @Test
    void whatIsNotThereIsSaidSo() {
        assertThatThrownBy(() -> PinnedFile.of(directory.resolve("none"))).isInstanceOf(NoSuchFileException.class);
    }

    private static ServerSocketChannel listen(Path socket) throws IOException {
        return ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket));
    }
}
