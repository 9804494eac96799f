package dev.ringfence.runner.fence.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class CgroupsTest {
    private static final String INSTANCE =
            "cgroups-test-" + ProcessHandle.current().pid();

    @Test
    void whatAnEarlierLifeLeftInAGroupCanStartNothingNewOnceThatIsSealed() throws IOException {
        var found = Cgroups.find(INSTANCE);
        assumeTrue(
                found.isPresent() && found.get().controllers().contains(Cgroups.Controller.PIDS),
                "needs a hierarchy of control groups that counts processes, and may be written to: run it as root");
        try (var earlier = found.get()) {
            var group = earlier.create("left", new CgroupLimits(64 << 20, 8, 64, 0));
            var left = new ProcessBuilder("sh", "-c", "read go; (: one) && echo forked || echo refused")
                    .redirectErrorStream(true)
                    .start();
            group.place(left.pid());

            Cgroups.find(INSTANCE).orElseThrow().seal();
            left.outputWriter().append("go\n").close();

            assertThat(left.inputReader().readAllAsString()).contains("fork").doesNotContain("forked");
            left.onExit().join();
            group.remove();
        }
    }
}
