package dev.ringfence.runner.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 of bytes and files, as 64 hexadecimal digits. */
final class Hashes {
    /** What is read or written of a file between two looks whether to go on. */
    static final int PIECE = 64 << 10;

    private Hashes() {}

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    static MessageDigest copy(MessageDigest digest) {
        try {
            return (MessageDigest) digest.clone();
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException("every Java platform's SHA-256 can be copied", e);
        }
    }

    static String of(Path file, Checkpoint checkpoint) throws IOException {
        var digest = sha256();
        each(file, checkpoint, digest::update);
        return hex(digest);
    }

    /** Hands over a file piece by piece; the buffer is only good during the call. */
    static void each(Path file, Checkpoint checkpoint, PieceConsumer consumer) throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
            var piece = ByteBuffer.allocate(PIECE);
            while (channel.read(piece) >= 0) {
                checkpoint.pass();
                consumer.accept(piece.flip());
                piece.clear();
            }
        }
    }

    interface PieceConsumer {
        void accept(ByteBuffer piece) throws IOException;
    }
}
