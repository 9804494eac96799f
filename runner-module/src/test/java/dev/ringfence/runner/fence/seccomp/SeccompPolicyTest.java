package dev.ringfence.runner.fence.seccomp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringfence.runner.fence.seccomp.SeccompPolicy.Sockets;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SeccompPolicyTest {
    @Test
    void aLauncherThatForksUnderTheFilterCanKeepProcesses() {
        var secure = new SeccompPolicy(Architecture.X86_64, Set.of(), true, true, true, Sockets.UNIX);

        assertThat(secure.withProcesses().forbidProcesses()).isFalse();
        assertThat(secure.withProcesses().strict()).isTrue();
    }
}
