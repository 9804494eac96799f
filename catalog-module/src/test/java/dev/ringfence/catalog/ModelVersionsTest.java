package dev.ringfence.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ModelVersionsTest {
    private static final String TWO_VERSIONS = model("id = 'writer'", "version = '1'", "aliases = ['steady']")
            + model("id = 'writer'", "version = '2'", "default = true", "aliases = ['newest', 'w']");

    @Test
    void anIdMeansItsDefaultVersionAndEveryVersionHasANameOfItsOwn() {
        var catalog = parse(TWO_VERSIONS);

        assertThat(reference(catalog, "writer")).isEqualTo("writer@2");
        assertThat(reference(catalog, "writer@1")).isEqualTo("writer@1");
        assertThat(reference(catalog, "steady")).isEqualTo("writer@1");
        assertThat(reference(catalog, "w")).isEqualTo("writer@2");
        assertThat(catalog.model("writer@3")).isEmpty();
    }

    @Test
    void theOnlyVersionOfAModelIsItsDefault() {
        var catalog = parse(model("id = 'm'", "version = 'a'"));

        assertThat(reference(catalog, "m")).isEqualTo("m@a");
    }

    @Test
    void anAgentIsGivenAllVersionsByTheIdAndOneByItsNameOrAlias() {
        var catalog = parse(TWO_VERSIONS + """
                [slm.model_allow_lists.agent_model_maps]
                all = ["writer"]
                old = ["writer@1"]
                new = ["newest"]
                """);

        assertThat(catalog.modelsFor("all")).extracting(Model::version).containsExactly("1", "2");
        assertThat(catalog.modelsFor("old")).extracting(Model::version).containsExactly("1");
        assertThat(catalog.modelsFor("new")).extracting(Model::version).containsExactly("2");
        assertThat(catalog.mayUse("old", "writer")).isFalse();
        assertThat(catalog.mayUse("old", "steady")).isTrue();
    }

    @Test
    void aSelectionTakesTheDefaultVersionUnlessAnAgentIsTiedToAnother() {
        var catalog = parse(TWO_VERSIONS + """
                [slm.model_allow_lists.agent_model_maps]
                old = ["writer@1"]
                """);
        var text = Set.of(ModelCapability.TEXT_GENERATION);

        assertThat(catalog.select(new Requirements(text, null, null)))
                .map(Model::version)
                .hasValue("2");
        assertThat(catalog.select(new Requirements(text, null, "someone")))
                .map(Model::version)
                .hasValue("2");
        assertThat(catalog.select(new Requirements(text, null, "old")))
                .map(Model::version)
                .hasValue("1");
    }

    @Test
    void namesThatCouldMeanTwoModelsAreRefusedWithTheirKeys() {
        var toml = model("id = 'a'", "aliases = ['x']")
                + model("id = 'a'", "version = '1'")
                + model("id = 'b'", "version = '1'", "aliases = ['x', 'a']")
                + model("id = 'b'", "version = '1'", "default = true")
                + model("id = 'b'", "version = '2'", "default = true")
                + model("id = 'x'")
                + model("id = 'c'", "version = '1'")
                + model("id = 'c'", "version = '2'")
                + model("id = 'd@1'");

        assertThatThrownBy(() -> parse(toml))
                .isInstanceOfSatisfying(
                        CatalogException.class,
                        e -> assertThat(e.problems())
                                .extracting(problem -> problem.key().replace("slm.model_allow_lists.global_models", "")
                                        + " " + problem.message().replaceAll("[;,].*", ""))
                                .containsExactlyInAnyOrder(
                                        "[2].aliases[0] is already an alias of a",
                                        "[2].aliases[1] is already the id of a model",
                                        "[3].version is already the version of slm.model_allow_lists.global_models[2].version",
                                        "[4].default is already said by slm.model_allow_lists.global_models[3].default",
                                        "[5].id is already an alias of a",
                                        "[8].id cannot hold @",
                                        "[0].id is there several times",
                                        "[6].id has the versions 1"));
    }

    @Test
    void aModelThatIsAddedLaterTakesItsPlaceAmongTheOthers() {
        var catalog = parse(model("id = 'm'", "version = '1'"));

        var more = catalog.with(tree("id = 'm'", "version = '2'"));

        assertThat(catalog.models()).hasSize(1);
        assertThat(reference(more, "m")).isEqualTo("m@1");
        assertThat(reference(more, "m@2")).isEqualTo("m@2");
        assertThatThrownBy(() -> more.with(tree("id = 'm'", "version = '1'")))
                .hasMessageContaining("version = \"1\": is already the version of a model that is there");
        assertThatThrownBy(() -> more.with(tree("id = 'm'"))).hasMessageContaining("each needs a version");
    }

    @Test
    void whatAnIdOfTheFileMeansIsNotSaidByAModelThatIsAddedLater() {
        var catalog = parse(model("id = 'm'", "version = '1'"));
        var added = catalog.with(tree("id = 'new'", "version = '1'"));

        assertThatThrownBy(() -> catalog.with(tree("id = 'm'", "version = '2'", "default = true")))
                .hasMessageContaining("default = true: is already said by the catalog file for m@1");
        assertThat(reference(added.with(tree("id = 'new'", "version = '2'", "default = true")), "new"))
                .isEqualTo("new@2");
    }

    @Test
    void anAgentThatIsMappedToAModelIsNotGivenAVersionThatIsAddedLater() {
        var catalog = parse(model("id = 'm'", "version = '1'") + """
                [slm.model_allow_lists.agent_model_maps]
                bob = ["m"]
                """);

        var more = catalog.with(tree("id = 'm'", "version = '2'", "aliases = ['newest']"))
                .with(tree("id = 'other'"));

        assertThat(more.modelsFor("bob")).extracting(Model::reference).containsExactly("m@1");
        assertThat(more.mayUse("bob", "m")).isTrue();
        assertThat(more.mayUse("bob", "m@2")).isFalse();
        assertThat(more.mayUse("bob", "newest")).isFalse();
        assertThat(more.mayUse("bob", "other")).isFalse();
        assertThat(more.modelsFor("anybody")).hasSize(3);
    }

    @Test
    void whoAddsAModelLaterSpendsNoneOfTheServicesKeysAndOpensNoConnections() {
        var catalog = parse("");
        for (var provider : List.of(
                "OpenAI = { model_name = 'm' }",
                "Anthropic = { model_name = 'm', base_url = 'http://127.0.0.1:1' }",
                "Custom = { endpoint_url = 'http://127.0.0.1:1/v1', api_key_env = 'AWS_SECRET_ACCESS_KEY' }")) {
            var model = tree("id = 'm'", "provider = { " + provider + " }");

            assertThatThrownBy(() -> catalog.with(model))
                    .isInstanceOfSatisfying(
                            CatalogException.class,
                            e -> assertThat(e.problems())
                                    .extracting(Problem::key)
                                    .containsExactly("provider." + provider.substring(0, provider.indexOf(" "))));
        }
    }

    @Test
    void aKeyThatStandsInTheCatalogByMistakeIsNotShown() {
        for (var line : List.of("api_key = 'sk-secret-1'", "api_key_env = 'sk-secret-1'")) {
            var toml = model("id = 'm'", "provider = { OpenAI = { model_name = 'm', " + line + " } }");

            assertThatThrownBy(() -> parse(toml))
                    .isInstanceOf(CatalogException.class)
                    .hasMessageContaining("api_key")
                    .hasMessageNotContaining("sk-secret");
        }
    }

    @Test
    void anEngineCanOnlyRunInAProfileThatThereIs() {
        var catalog = parse(model("id = 'm'", "engine = { pin = true, slots = 2, sandbox_profile = 'mine' }")
                + "[slm.sandbox_profiles.mine.process_limits]\nprocess_priority = 5\n");
        var model = catalog.model("m").orElseThrow();

        assertThat(model.engine()).isEqualTo(new EngineOptions(true, null, 2, "mine"));
        assertThat(catalog.engineProfile(model).name()).isEqualTo("mine");
        assertThatThrownBy(() -> parse(model("id = 'm'", "engine = { sandbox_profile = 'secur' }")))
                .hasMessageContaining("global_models[0].engine.sandbox_profile = \"secur\": no such sandbox profile;"
                        + " did you mean secure?");
    }

    private static String reference(Catalog catalog, String name) {
        return catalog.model(name).orElseThrow().reference();
    }

    private static Catalog parse(String toml) {
        return Catalog.parse(toml, "test.toml");
    }

    private static String model(String... lines) {
        return "[[slm.model_allow_lists.global_models]]\n" + body(lines);
    }

    private static String body(String... lines) {
        var text = String.join("\n", lines) + "\n";
        if (!text.contains("provider =")) {
            text += "provider = { LocalFile = { file_path = '/nowhere/m.gguf' } }\n";
        }
        return text + """
                capabilities = ["TextGeneration"]
                resource_requirements = { min_memory_mb = 64, preferred_cpu_cores = 1 }
                """;
    }

    private static ObjectNode tree(String... lines) {
        try {
            return (ObjectNode) new TomlMapper().readTree(body(lines));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
