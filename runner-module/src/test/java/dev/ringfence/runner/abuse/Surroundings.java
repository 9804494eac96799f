package dev.ringfence.runner.abuse;

import java.nio.file.Path;

/**
 * What is around a service under attack.
 *
 * @param directory readable by everyone; all that the test has on the host's disk
 * @param service the service's process
 * @param loopbackPort where the service listens on the loopback
 */
record Surroundings(Path directory, long service, int loopbackPort) {
    /** Stands for a cloud's metadata service; exists in the test's network namespaces only. */
    static final String METADATA = "169.254.169.254";

    /** Stands for the outside, from a range that is for documentation; exists there only too. */
    static final String OUTSIDE = "203.0.113.10";

    static final String OUTSIDE_PORT = "80";

    /** In the environment of every job beside {@link Victim#MARK}, and nowhere else on the host. */
    String mark(String job) {
        return directory.getFileName() + "-" + job;
    }

    /** Given to jobs to read. */
    Path programs() {
        return directory.resolve("program");
    }

    Path program() {
        return programs().resolve("hostile");
    }

    /** The same, belonging to root and marked set-user-id. */
    Path setUserId() {
        return programs().resolve("hostile-suid");
    }

    /** The service's alone. */
    Path ownDirectory() {
        return directory.resolve("private");
    }

    Path secretFile() {
        return ownDirectory().resolve("key");
    }

    /** Where everyone might write but for the fence. */
    Path open() {
        return directory.resolve("open");
    }

    /** Files that must stay. */
    Path precious() {
        return directory.resolve("open/precious");
    }

    /** Where jobs may write. */
    Path shared() {
        return directory.resolve("open/shared");
    }

    Path socket() {
        return directory.resolve("open/socket");
    }

    String abstractName() {
        return "ringfence-abuse-" + service;
    }

    String abstractDatagrams() {
        return abstractName() + "-datagrams";
    }

    Path datagrams() {
        return directory.resolve("open/datagrams-" + service);
    }
}
