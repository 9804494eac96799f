package dev.ringfence.runner.engine;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** A stream that tells of what is read of it, and may refuse more. */
abstract class HeardStream extends FilterInputStream {
    HeardStream(InputStream in) {
        super(in);
    }

    /** Bytes were read, one at least; the reader gets them when this returns. */
    abstract void heard(byte[] target, int offset, int count) throws IOException;

    @Override
    public final int read() throws IOException {
        var one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public final int read(byte[] target, int offset, int length) throws IOException {
        int count = super.read(target, offset, length);
        if (count > 0) {
            heard(target, offset, count);
        }
        return count;
    }
}
