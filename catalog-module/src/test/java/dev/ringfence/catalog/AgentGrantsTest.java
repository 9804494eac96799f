package dev.ringfence.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import org.junit.jupiter.api.Test;

class AgentGrantsTest {
    @Test
    void aCatalogWithoutAgentsAllowsEveryAgentEverything() {
        var grants = Catalog.empty().grants("anyone").orElseThrow();

        assertThat(grants.allowsCapability("ShellExec")).isTrue();
        assertThat(grants.allowsProfile("standard")).isTrue();
        assertThat(grants.allowsRoot("workspace")).isTrue();
        assertThat(grants.weight()).isEqualTo(1);
        assertThat(grants.jobsPerMinute()).isEmpty();
    }

    @Test
    void anAgentThatHasNoTableIsGrantedNothingOnceOthersHaveOne() {
        var catalog = Catalog.parse("[agents.builder]\n", "test");

        assertThat(catalog.grants("builder")).isPresent();
        assertThat(catalog.grants("stranger")).isEmpty();
    }

    @Test
    void anEmptyTableOfAgentsGrantsNobodyAnything() {
        assertThat(Catalog.parse("[agents]\n", "test").grants("anyone")).isEmpty();
    }

    @Test
    void everyGrantIsRead() {
        var grants = Catalog.parse("""
                        [agents.builder]
                        capabilities = ["ShellExec", "FileRead"]
                        profiles = ["secure"]
                        roots = ["workspace"]
                        weight = 3
                        max_concurrent = 4
                        max_queued = 50
                        jobs_per_minute = 60
                        tokens_per_day = 100000
                        """, "test").grants("builder").orElseThrow();

        assertThat(grants.allowsCapability("ShellExec")).isTrue();
        assertThat(grants.allowsCapability("Kill")).isFalse();
        assertThat(grants.allowsProfile("secure")).isTrue();
        assertThat(grants.allowsProfile("standard")).isFalse();
        assertThat(grants.allowsRoot("workspace")).isTrue();
        assertThat(grants.allowsRoot("etc")).isFalse();
        assertThat(grants.weight()).isEqualTo(3);
        assertThat(grants.maxConcurrent()).hasValue(4);
        assertThat(grants.maxQueued()).hasValue(50);
        assertThat(grants.jobsPerMinute()).hasValue(60);
        assertThat(grants.tokensPerDay()).hasValue(100_000);
    }

    @Test
    void anEmptyListGrantsNone() {
        var grants = Catalog.parse("[agents.a]\ncapabilities = []\n", "test")
                .grants("a")
                .orElseThrow();

        assertThat(grants.allowsCapability("ShellExec")).isFalse();
    }

    /** The check passed them over, and the agent was refused what the operator had meant to grant. */
    @Test
    void aGrantOfWhatThereIsNotIsNamedWithWhatWasProbablyMeant() {
        var catalog = Catalog.parse("""
                        [agents.bob]
                        capabilities = ["ShellExc", "Kill"]
                        roots = ["nope", "docs"]
                        [agents.operator]
                        """, "test");

        assertThat(catalog.unknownGrants(Set.of("Kill", "ShellExec"), Set.of("docs")))
                .extracting(Problem::toString)
                .containsExactly(
                        "agents.bob.capabilities = \"ShellExc\": there is no such capability; did you mean ShellExec?",
                        "agents.bob.roots = \"nope\": there is no such file root; known are docs");
        assertThat(catalog.restrictsAgents()).isTrue();
        assertThat(Catalog.empty().unknownGrants(Set.of(), Set.of())).isEmpty();
        assertThat(Catalog.empty().restrictsAgents()).isFalse();
    }

    @Test
    void everyMistakeIsNamedAtOnce() {
        assertThatThrownBy(() -> Catalog.parse("""
                        [agents.a]
                        profiles = ["secrue"]
                        weight = 0
                        max_concurent = 3
                        capabilities = [""]
                        """, "test"))
                .isInstanceOf(CatalogException.class)
                .hasMessageContaining("agents.a.profiles[0]")
                .hasMessageContaining("did you mean secure?")
                .hasMessageContaining("agents.a.weight = 0: must be a whole number from 1 to 100")
                .hasMessageContaining("agents.a.max_concurent = 3: unknown key; did you mean max_concurrent?")
                .hasMessageContaining("agents.a.capabilities[0]");
    }
}
