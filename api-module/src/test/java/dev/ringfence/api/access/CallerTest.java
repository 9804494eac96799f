package dev.ringfence.api.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class CallerTest {
    private static final String WHERE = "/agent";

    private static Caller caller(String agent, boolean admin) {
        return new Caller(Optional.of(agent), admin, Optional.of("key:1"));
    }

    @Test
    void anAgentAsksInItsOwnNameWhetherItSaysSoOrNot() {
        var builder = caller("builder", false);

        assertThat(builder.actingAs(Optional.empty(), WHERE)).isEqualTo("builder");
        assertThat(builder.actingAs(Optional.of("builder"), WHERE)).isEqualTo("builder");
    }

    @Test
    void anAgentThatAsksInAnothersNameIsRefusedAndToldWhere() {
        assertThatThrownBy(() -> caller("builder", false).actingAs(Optional.of("other"), WHERE))
                .isInstanceOf(AccessException.Forbidden.class)
                .hasMessageStartingWith("/agent is \"other\", and the key is of \"builder\"");
    }

    @Test
    void anAdministratorAsksInAnyName() {
        assertThat(caller("ops", true).actingAs(Optional.of("other"), WHERE)).isEqualTo("other");
        assertThat(caller("ops", true).actingAs(Optional.empty(), WHERE)).isEqualTo("ops");
    }

    @Test
    void whoHasToProveNothingIsWhoItSaysOrNobodyInParticular() {
        assertThat(Caller.OPEN.actingAs(Optional.of("other"), WHERE)).isEqualTo("other");
        assertThat(Caller.OPEN.actingAs(Optional.empty(), WHERE)).isEqualTo("anonymous");
    }
}
