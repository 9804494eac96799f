package dev.ringfence.runner.fence.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.ringfence.runner.OtherJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/**
 * Control groups of version 2 for real, also where the host has version 1: User-Mode Linux is booted with this machine's
 * files, read-only, and {@link Guest} runs in it as the service.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CgroupV2Test {
    private static final Path KERNEL = Path.of("/usr/bin/linux.uml");

    private Path directory;
    private List<String> lines = List.of();

    @BeforeAll
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void boot() throws IOException, InterruptedException {
        assumeTrue(
                Files.isExecutable(KERNEL) && "root".equals(System.getProperty("user.name")),
                "control groups of version 2 are tested as root in User-Mode Linux (apt-get install user-mode-linux),"
                        + " and " + KERNEL + " is missing or this is not root");
        directory = Files.createTempDirectory("ringfence-cgroup-v2");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        var log = directory.resolve("console");
        var kernel = new ProcessBuilder(
                        KERNEL.toString(),
                        "mem=768M",
                        "rootfstype=hostfs",
                        "ro",
                        "root=/dev/root",
                        "init=" + script(),
                        "con=null",
                        "con0=null,fd:1",
                        "quiet",
                        "panic=-1",
                        "cgroup_no_v1=all")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .redirectInput(Path.of("/dev/null").toFile());
        var process = kernel.start();
        try {
            assertThat(process.waitFor(9, TimeUnit.MINUTES))
                    .as("the guest ends")
                    .isTrue();
        } finally {
            // The kernel's own threads are processes of the host.
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        lines = Files.readAllLines(log);
    }

    /** The guest's first process. */
    private Path script() throws IOException {
        var command = String.join(" ", OtherJvm.command(OtherJvm.copyClassPath(directory), Guest.class));
        var script = Files.writeString(directory.resolve("init"), """
                #!/bin/sh
                export PATH=/usr/sbin:/usr/bin:/sbin:/bin
                mount -t proc proc /proc
                mount -t sysfs sys /sys
                mount -t tmpfs -o mode=1777 run /run
                mount -t cgroup2 cgroup /sys/fs/cgroup
                G=/sys/fs/cgroup
                java='%s'
                nobody='setpriv --reuid 65534 --regid 65534 --clear-groups --'
                as_nobodys() { chown 65534 $1 $1/cgroup.procs $1/cgroup.subtree_control $1/cgroup.threads; }

                $java ROOT

                echo +memory +pids +cpu +io > $G/cgroup.subtree_control
                mkdir $G/GROUP $G/DELEGATED
                sh -c "echo \\$\\$ > $G/GROUP/cgroup.procs; exec $java GROUP"

                as_nobodys $G/DELEGATED
                sh -c "echo \\$\\$ > $G/DELEGATED/cgroup.procs; exec $nobody $java DELEGATED"

                rmdir $G/GROUP/* $G/DELEGATED/* $G/GROUP $G/DELEGATED
                echo -cpu -io > $G/cgroup.subtree_control
                mkdir $G/PARTIAL
                as_nobodys $G/PARTIAL
                sh -c "echo \\$\\$ > $G/PARTIAL/cgroup.procs; exec $nobody $java PARTIAL"
                poweroff -f
                """.formatted(command));
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        return script;
    }

    @AfterAll
    void remove() {
        if (directory != null) {
            OtherJvm.deleteAll(directory);
        }
    }

    @TestFactory
    Stream<DynamicNode> holdInAKernelThatHasNothingElse() {
        return Stream.of(Guest.Place.values())
                .map(place -> dynamicContainer(
                        place.toString(),
                        Guest.checks(place).stream().map(check -> dynamicTest(check, () -> expect(place, check)))));
    }

    private void expect(Guest.Place place, String check) {
        assertThat(lines.stream().map(String::strip).toList())
                .as("the guest's console")
                .contains(Guest.PASSED + place.name() + " " + check);
    }
}
