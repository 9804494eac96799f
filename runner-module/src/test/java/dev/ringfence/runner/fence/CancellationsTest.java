package dev.ringfence.runner.fence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ringfence.catalog.FenceTier;
import dev.ringfence.runner.OtherJvm;
import dev.ringfence.runner.fence.cgroup.Cgroups;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CancellationsTest {
    private static final int MANY = 1000;
    private static final int SOME = 200;

    @ParameterizedTest
    @EnumSource(FenceTier.class)
    void aThousandCancellationsLeaveNothingBehind(FenceTier tier) throws Exception {
        var cgroups = Cgroups.find(Cancellations.settings(tier).instance());

        Cancellations.leaveNothing(tier, cgroups, MANY, new Random(seed()));
    }

    @ParameterizedTest
    @EnumSource(FenceTier.class)
    void norDoTheyWithoutControlGroups(FenceTier tier) throws Exception {
        Cancellations.leaveNothing(tier, Optional.empty(), SOME, new Random(seed()));
    }

    @ParameterizedTest
    @EnumSource(FenceTier.class)
    void norDoTheyOfAServiceThatHasNoRightsEither(FenceTier tier, @TempDir Path directory) throws Exception {
        assumeTrue(
                "root".equals(System.getProperty("user.name")), "only root can become somebody else: run it as root");
        FencedShell.open(directory);
        var command = new ArrayList<>(List.of("setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", "--"));
        command.addAll(OtherJvm.command(
                OtherJvm.copyClassPath(directory),
                Cancellations.class,
                tier.name(),
                Integer.toString(SOME),
                Long.toString(seed())));
        var temporary = writable(directory.resolve("temporary"));
        command.add(command.indexOf("-cp"), "-Djava.io.tmpdir=" + temporary);

        var service = new ProcessBuilder(command).redirectErrorStream(true).start();

        try (var said = service.inputReader()) {
            OtherJvm.readTo(Cancellations.NOTHING_LEFT, said);
        } finally {
            service.destroyForcibly();
        }
        assertThat(temporary).isEmptyDirectory();
    }

    private static Path writable(Path directory) throws IOException {
        Files.createDirectory(directory);
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        return directory;
    }

    private static long seed() {
        long seed = Long.getLong("ringfence.seed", System.nanoTime());
        System.out.println("cancellations: again with -Dringfence.seed=" + seed);
        return seed;
    }
}
