package dev.ringfence.runner.capability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringfence.catalog.SandboxProfile.NetworkAccess;
import dev.ringfence.runner.files.FileRoot;
import dev.ringfence.runner.files.Refused;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Addresses where no proxy resolves names. Nothing is connected to: git is not started. */
class GitUrlTest {
    private static final String URL = "https://git.example.com/x.git";

    /** The last three were let through when git had a list of its own. */
    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1", "168.63.129.16", "192.0.0.8", "2001::1"})
    void aHostWithAnAddressThatIsNotPublicIsRefused(String address) {
        assertThatThrownBy(() -> check(Set.of(), host -> List.of(InetAddress.ofLiteral(address))))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.type()).isEqualTo("url-refused"))
                .hasMessageContaining("private-hosts");
    }

    @Test
    void gitIsBoundToTheFirstAddressOfAHostThatMayBePrivate() {
        var url = check(
                Set.of("git.example.com"),
                host -> List.of(InetAddress.ofLiteral("::1"), InetAddress.ofLiteral("127.0.0.1")));

        assertThat(url.options()).containsExactly("http.curloptResolve=git.example.com:443:[0:0:0:0:0:0:0:1]");
    }

    @Test
    void aHostWithoutAnAddressIsRefusedByName() {
        assertThatThrownBy(() -> check(Set.of(), host -> {
                    throw new UnknownHostException(host + " could not be resolved");
                }))
                .isInstanceOf(Refused.class)
                .hasMessageContaining("git.example.com could not be resolved");
    }

    private static GitUrl check(Set<String> privateHosts, GitUrl.Names names) {
        return GitUrl.check(
                URL,
                new GitSettings(Set.of("git.example.com"), Set.of("https"), privateHosts, Optional.empty()),
                new FileRoot("workspace", Path.of("/nowhere"), Path.of("/work"), true),
                NetworkAccess.FULL,
                names);
    }
}
