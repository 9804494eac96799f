package dev.ringfence.runner.process;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** One descriptor that a keeper looks at. */
sealed interface Channel {
    int descriptor();

    /** What poll(2) shall tell of. */
    default short interest() {
        return Libc.POLLIN;
    }

    /** Whether its end of file belongs to the end of the tree. */
    default boolean awaitsEnd() {
        return false;
    }

    /** Something happened: the child ended, or the keeper is asked to look. */
    record Event(int descriptor) implements Channel {}

    record Output(int descriptor, Stream stream) implements Channel {
        @Override
        public boolean awaitsEnd() {
            return true;
        }
    }

    /** What the program reports of itself. */
    record Status(int descriptor) implements Channel {
        @Override
        public boolean awaitsEnd() {
            return true;
        }
    }

    /**
     * What the program's filter asks about.
     *
     * @param gate the address at which a path makes its execve one that the {@link dev.ringfence.runner.process.Gate}
     *     asks about
     */
    record Calls(Listener listener, CallDecider decider, long gate) implements Channel {
        @Override
        public int descriptor() {
            return listener.descriptor();
        }

        void answer() {
            listener.receive().ifPresent(call -> {
                if (atGate(call)) {
                    var _ = call.proceed();
                } else {
                    decider.decide(call);
                }
            });
        }

        boolean atGate(NotifiedCall call) {
            return call.number() == SystemCalls.EXECVE && call.argument(0) == gate;
        }
    }

    /** Where the program waits before it goes on. */
    record Gate(int descriptor) implements Channel {
        @Override
        public short interest() {
            return 0;
        }

        void open() {
            try (var arena = Arena.ofConfined()) {
                var _ = Libc.write(descriptor, arena.allocateFrom(JAVA_BYTE, (byte) '\n'));
            }
        }
    }

    /** The program's standard input, written as fast as it reads. */
    final class Input implements Channel {
        private static final int CHUNK = 64 * 1024;
        private final int descriptor;
        private final @Nullable InputPieces pieces;
        private byte[] bytes = new byte[0];
        private int sent;

        /** @param wake makes the keeper look at this again */
        Input(int descriptor, ProgramInput input, Runnable wake) {
            this.descriptor = descriptor;
            switch (input) {
                case ProgramInput.Bytes(byte[] given) -> {
                    bytes = given;
                    pieces = null;
                }
                case ProgramInput.Pieces(var source) -> pieces = new InputPieces(source, wake);
            }
        }

        @Override
        public int descriptor() {
            return descriptor;
        }

        /** An end that nobody reads from any more is told of in any case. */
        @Override
        public short interest() {
            return pieces == null || sent < bytes.length || pieces.ready() ? Libc.POLLOUT : 0;
        }

        /** The program may run. */
        void begin() {
            if (pieces != null) {
                pieces.begin();
            }
        }

        /** Why no more comes, if that is not the input's end. */
        @Nullable Throwable failure() {
            return pieces == null ? null : pieces.failure();
        }

        /** Nobody reads any more. */
        void end() {
            if (pieces != null) {
                pieces.end();
            }
        }

        /** Sends what fits; false when there is nothing more to send or nobody who reads it. */
        boolean feed(short events) {
            if ((events & Libc.POLLERR) != 0) {
                return false;
            }
            if (sent == bytes.length && pieces != null) {
                var piece = pieces.piece();
                bytes = piece == null ? new byte[0] : piece;
                sent = 0;
            }
            return send() && (sent < bytes.length || (pieces != null && pieces.next()));
        }

        /** False when nobody reads. */
        private boolean send() {
            int length = Math.min(CHUNK, bytes.length - sent);
            if (length == 0) {
                return true;
            }
            try (var arena = Arena.ofConfined()) {
                var chunk = arena.allocate(length);
                chunk.copyFrom(MemorySegment.ofArray(bytes).asSlice(sent, length));
                sent += (int) Libc.write(descriptor, chunk);
            } catch (NativeCallException e) {
                return switch (e.errno()) {
                    case Errno.EAGAIN -> true;
                    case Errno.EPIPE -> false;
                    default -> throw e;
                };
            }
            return true;
        }
    }
}
