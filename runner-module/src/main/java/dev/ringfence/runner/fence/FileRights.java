package dev.ringfence.runner.fence;

/** Landlock's rights to files (landlock(7)), and which of them a version of it knows. */
final class FileRights {
    static final long EXECUTE = 1;
    static final long WRITE_FILE = 1 << 1;
    static final long READ_FILE = 1 << 2;
    static final long READ_DIRECTORY = 1 << 3;
    static final long REMOVE_DIRECTORY = 1 << 4;
    static final long REMOVE_FILE = 1 << 5;
    static final long MAKE_CHARACTER_DEVICE = 1 << 6;
    static final long MAKE_DIRECTORY = 1 << 7;
    static final long MAKE_FILE = 1 << 8;
    static final long MAKE_SOCKET = 1 << 9;
    static final long MAKE_PIPE = 1 << 10;
    static final long MAKE_BLOCK_DEVICE = 1 << 11;
    static final long MAKE_LINK = 1 << 12;
    /** Moving and linking between directories; version 2. */
    static final long REFER = 1 << 13;
    /** Version 3. */
    static final long TRUNCATE = 1 << 14;
    /** Version 5. */
    static final long DEVICE_CONTROL = 1 << 15;

    /** What can be allowed to a file that is no directory. */
    static final long OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | DEVICE_CONTROL;

    static final long READ = READ_FILE | READ_DIRECTORY;
    static final long READ_AND_RUN = READ | EXECUTE;

    /** All but devices, which no job makes or controls. */
    static final long WORK = READ_AND_RUN
            | WRITE_FILE
            | REMOVE_DIRECTORY
            | REMOVE_FILE
            | MAKE_DIRECTORY
            | MAKE_FILE
            | MAKE_SOCKET
            | MAKE_PIPE
            | MAKE_LINK
            | REFER
            | TRUNCATE;

    /** To use a device. */
    static final long DEVICE = READ_FILE | WRITE_FILE | DEVICE_CONTROL;

    private FileRights() {}

    /** All that a version knows. */
    static long known(int version) {
        long rights = REFER - 1;
        if (version >= 2) {
            rights |= REFER;
        }
        if (version >= 3) {
            rights |= TRUNCATE;
        }
        return version >= 5 ? rights | DEVICE_CONTROL : rights;
    }

    /** Binding and connecting TCP; version 4. */
    static long network(int version) {
        return version >= 4 ? 0b11 : 0;
    }

    /** Abstract unix sockets and signals of others; version 6. */
    static long scopes(int version) {
        return version >= 6 ? 0b11 : 0;
    }
}
