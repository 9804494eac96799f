package dev.ringfence.wal.log;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A disk upon another one, the same but for what a subclass does otherwise. */
abstract class ForwardingStorage implements Storage {
    final Storage disk;

    ForwardingStorage(Storage disk) {
        this.disk = disk;
    }

    @Override
    public Lock lock(Path directory) {
        return disk.lock(directory);
    }

    @Override
    public void makeDirectory(Path directory) throws IOException {
        disk.makeDirectory(directory);
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        return disk.list(directory);
    }

    @Override
    public boolean exists(Path file) {
        return disk.exists(file);
    }

    @Override
    public long size(Path file) throws IOException {
        return disk.size(file);
    }

    @Override
    public StorageFile create(Path file) throws IOException {
        return disk.create(file);
    }

    @Override
    public StorageFile open(Path file) throws IOException {
        return disk.open(file);
    }

    @Override
    public StorageFile openToRead(Path file) throws IOException {
        return disk.openToRead(file);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        disk.rename(from, to);
    }

    @Override
    public void delete(Path file) throws IOException {
        disk.delete(file);
    }

    @Override
    public StorageDirectory openDirectory(Path directory) throws IOException {
        return disk.openDirectory(directory);
    }

    @Override
    public long usableBytes(Path directory) {
        return disk.usableBytes(directory);
    }

    @Override
    public boolean isNoSpace(IOException e) {
        return disk.isNoSpace(e);
    }
}
