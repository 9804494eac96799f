package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A file upon another one, the same but for what a subclass does otherwise. */
abstract class ForwardingFile implements Storage.StorageFile {
    final Storage.StorageFile file;

    ForwardingFile(Storage.StorageFile file) {
        this.file = file;
    }

    @Override
    public long size() throws IOException {
        return file.size();
    }

    @Override
    public void read(ByteBuffer target, long position) throws IOException {
        file.read(target, position);
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
        file.write(source, position);
    }

    @Override
    public void sync() throws IOException {
        file.sync();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
