package dev.ringfence.runner.fence.seccomp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringfence.catalog.Catalog;
import dev.ringfence.runner.fence.seccomp.SeccompPolicy.Sockets;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SeccompPolicyTest {
    @Test
    void aProfileSaysWhatItsFilterShallLetThrough() {
        var catalog = Catalog.empty();
        var secure = catalog.profile("secure").orElseThrow();
        var standard = catalog.profile("standard").orElseThrow();

        assertThat(SeccompPolicy.of(Architecture.X86_64, secure))
                .isEqualTo(new SeccompPolicy(Architecture.X86_64, Set.of(), true, true, true, Sockets.UNIX));
        assertThat(SeccompPolicy.of(Architecture.AARCH64, standard))
                .isEqualTo(new SeccompPolicy(Architecture.AARCH64, Set.of(), false, true, false, Sockets.PROXIED));
    }

    @Test
    void aLauncherThatForksUnderTheFilterCanKeepProcesses() {
        var secure = SeccompPolicy.of(Architecture.X86_64, Catalog.empty().defaultProfile());

        assertThat(secure.withProcesses().forbidProcesses()).isFalse();
        assertThat(secure.withProcesses().strict()).isTrue();
    }
}
