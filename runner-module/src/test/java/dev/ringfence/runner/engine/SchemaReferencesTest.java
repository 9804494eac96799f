package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SchemaReferencesTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Test
    void whatIsReferredToGetsANameThatNoOtherRuleCanHave() throws JsonProcessingException {
        assertThat(renamed("""
                {'properties':{'p':{'$ref':'#/$defs/a_b'},'q':{'$ref':'#/definitions/a.b'},'r':{'$ref':'#/$defs/a_b'}},
                 '$defs':{'a_b':{'const':1},'unused':{'const':2}},'definitions':{'a.b':{'const':3}}}""")).isEqualTo(json("""
                        {'properties':{'p':{'$ref':'#/$defs/abD1d'},'q':{'$ref':'#/$defs/abD2d'},'r':{'$ref':'#/$defs/abD1d'}},
                         '$defs':{'unused':{'const':2},'abD1d':{'const':1},'abD2d':{'const':3}}}"""));
    }

    @Test
    void whatIsReferredToElsewhereBecomesADefinition() throws JsonProcessingException {
        assertThat(renamed("""
                {'properties':{'p':{'properties':{'q':{'items':[{'$ref':'#/properties/p'}]}}},
                               'r':{'$ref':'#/properties/p/properties/q/items/0'}}}""")).isEqualTo(json("""
                        {'properties':{'p':{'$ref':'#/$defs/pD1d'},'r':{'$ref':'#/$defs/0D2d'}},
                         '$defs':{'pD1d':{'properties':{'q':{'items':[{'$ref':'#/$defs/0D2d'}]}}},
                                  '0D2d':{'$ref':'#/$defs/pD1d'}}}"""));
    }

    @Test
    void aSchemaThatRefersToItselfIsADefinitionToo() throws JsonProcessingException {
        assertThat(renamed("""
                {'properties':{'next':{'$ref':'#'},'n':{'$ref':'#/$defs/n'}},'$defs':{'n':{'const':1}}}""")).isEqualTo(json("""
                        {'$ref':'#/$defs/D1d',
                         '$defs':{'D1d':{'properties':{'next':{'$ref':'#/$defs/D1d'},'n':{'$ref':'#/$defs/nD2d'}}},
                                  'nD2d':{'const':1}}}"""));
    }

    @Test
    void whatIsNoReferenceAndWhatLeadsNowhereStays() throws JsonProcessingException {
        for (var schema : new String[] {
            "{'const':{'$ref':'#/$defs/a'},'$defs':{'a':{}}}",
            "{'$ref':'#/$defs/missing'}",
            "{'$ref':'https://elsewhere/'}",
            "{'properties':{'$ref':{'type':'string'}}}"
        }) {
            assertThat(renamed(schema)).isEqualTo(json(schema));
        }
    }

    @Test
    void aReferenceToWhatIsNoSchemaIsNotSure() throws JsonProcessingException {
        assertThat(SchemaReferences.unsure(
                        json("{'anyOf':[{'$ref':'#/properties'},{'$ref':'#/properties/a'}],'properties':{'a':{}}}")))
                .containsExactly("#/properties");
    }

    @Test
    void aReferenceThatMayBeMeantWithinAnotherDocumentIsNotSure() throws JsonProcessingException {
        var schema =
                "{'$id':'https://a/','properties':{'a':{%s'properties':{'b':{'$ref':'#/$defs/x'}},'$defs':{'x':{'const':2}}}},"
                        + "'$defs':{'x':{'const':1}}}";

        assertThat(SchemaReferences.unsure(json(schema.formatted("")))).isEmpty();
        assertThat(SchemaReferences.unsure(json(schema.formatted("'$id':'https://b/',"))))
                .containsExactly("#/$defs/x");
    }

    /** The engine took the definition of one function for that of the other. */
    @Test
    void definitionsOfTwoFunctionsDoNotHaveTheSameName() throws JsonProcessingException {
        var request = Asking.atZero("hi");
        var tools = request.body().putArray("tools");
        for (int i = 0; i < 2; i++) {
            tools.addObject()
                    .putObject("function")
                    .set("parameters", json("{'$ref':'#/$defs/n','$defs':{'n':{'const':%d}}}".formatted(i)));
        }

        var sent = EngineRequest.of(request).body();

        assertThat(sent.findValuesAsText("$ref")).doesNotHaveDuplicates();
        assertThat(request.body().findValuesAsText("$ref")).containsExactly("#/$defs/n", "#/$defs/n");
    }

    private static JsonNode renamed(String schema) throws JsonProcessingException {
        var node = json(schema);
        SchemaReferences.rename(node, new AtomicInteger()::incrementAndGet);
        return node;
    }

    private static JsonNode json(String text) throws JsonProcessingException {
        return JSON.readTree(text.replace('\'', '"'));
    }
}
