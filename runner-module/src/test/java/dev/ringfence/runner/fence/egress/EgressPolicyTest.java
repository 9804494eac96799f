package dev.ringfence.runner.fence.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringfence.catalog.SandboxProfile.Destination;
import dev.ringfence.catalog.SandboxProfile.Network;
import dev.ringfence.catalog.SandboxProfile.NetworkAccess;
import dev.ringfence.runner.fence.egress.EgressPolicy.Way;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EgressPolicyTest {
    @ParameterizedTest
    @CsvSource({"Example.ORG.,example.org", "bücher.example,xn--bcher-kva.example", "a_b.example,a_b.example", "x,x"})
    void namesAreComparedInOneForm(String written, String name) {
        assertThat(Hosts.name(written)).contains(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", ".", "a..b", "-a.example", "a b", "127.1", "2130706433", "0x7f000001", "1.2.3.0x4", "a/b"})
    void whatResolversWouldTakeForAnAddressIsNoName(String written) {
        assertThat(Hosts.name(written)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"192.0.2.1,192.0.2.1", "[::1],0:0:0:0:0:0:0:1", "::ffff:10.0.0.1,10.0.0.1"})
    void addressesAreUnderstoodInTheirOrdinaryForms(String written, String address) {
        assertThat(Hosts.literal(written).map(InetAddress::getHostAddress)).contains(address);
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.1", "256.1.1.1", "1.2.3.4.5", "fe80::1%eth0", "[1.2.3.4]", "localhost", "::g"})
    void otherFormsAreNoAddresses(String written) {
        assertThat(Hosts.literal(written)).isEmpty();
    }

    @Test
    void theProtocolSaysWhichWayIsOpen() {
        var policy = policy(
                new Destination("web.example", 80, "http"),
                new Destination("tls.example", 443, "https"),
                new Destination("any.example", 5432, "tcp"));

        assertThat(policy.lists("web.example", 80, Way.FORWARD)).isTrue();
        assertThat(policy.lists("web.example", 80, Way.TUNNEL)).isFalse();
        assertThat(policy.lists("tls.example", 443, Way.TUNNEL)).isTrue();
        assertThat(policy.lists("tls.example", 443, Way.FORWARD)).isFalse();
        assertThat(policy.lists("any.example", 5432, Way.TUNNEL)).isTrue();
        assertThat(policy.lists("any.example", 5432, Way.FORWARD)).isTrue();
        assertThat(policy.lists("any.example", 5433, Way.TUNNEL)).isFalse();
        assertThat(policy.lists("sub.any.example", 5432, Way.TUNNEL)).isFalse();
    }

    @Test
    void ofANamesAddressesOnlyThePublicAndTheListedOnesAreReachable() {
        var policy = policy(new Destination("db.example", 443, "tcp"), new Destination("10.0.0.5", 443, "tcp"));
        var resolved = List.of(
                InetAddress.ofLiteral("169.254.169.254"),
                InetAddress.ofLiteral("10.0.0.5"),
                InetAddress.ofLiteral("1.1.1.1"),
                InetAddress.ofLiteral("10.0.0.6"));

        assertThat(policy.reachable(resolved, 443, Way.TUNNEL))
                .extracting(InetAddress::getHostAddress)
                .containsExactly("10.0.0.5", "1.1.1.1");
        assertThat(policy.reachable(resolved, 80, Way.TUNNEL))
                .extracting(InetAddress::getHostAddress)
                .containsExactly("1.1.1.1");
    }

    @ParameterizedTest
    @CsvSource({"*.example.org,tcp,wildcard", "example.org,udp,udp", "a..b,tcp,neither", "127.1,tcp,neither"})
    void whatCannotBeEnforcedIsRefusedWithTheReason(String host, String protocol, String reason) {
        assertThatThrownBy(() -> policy(new Destination(host, 443, protocol)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(host)
                .hasMessageContaining(reason);
    }

    static EgressPolicy policy(Destination... destinations) {
        return EgressPolicy.of(new Network(NetworkAccess.RESTRICTED, List.of(destinations), 0));
    }
}
