package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion.VersionFlag;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import dev.ringfence.runner.engine.GenerationResult.Answered;
import dev.ringfence.runner.fence.HostFences;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What counts as held by a grammar is held by the real llama-server, of a model that guesses. */
class HeldSchemasTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int TRIES = 4;

    private static HostFences fence;
    private static LlamaServerPool pool;

    @BeforeAll
    static void open() {
        fence = LlamaForTests.fence();
        pool = new LlamaServerPool(LlamaForTests.settings(), fence);
    }

    @AfterAll
    static void close() {
        if (pool != null) {
            pool.close();
        }
        if (fence != null) {
            fence.close();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'type':'integer','minimum':3,'maximum':17}",
                "{'type':'integer','exclusiveMinimum':3,'exclusiveMaximum':17}",
                "{'type':['integer','null'],'minimum':3,'maximum':7}",
                "{'type':'string','pattern':'^[A-C]{2}-(?:x|y1?)\\\\.$'}",
                "{'type':'string','pattern':'^\\\\d{3}[\\\\d-]\\\\w$'}",
                "{'type':'string','format':'date'}",
                "{'type':'string','format':'date','pattern':'^(?:\\\\d\\\\d0[48]-02-29|\\\\d{4}-(?:(?:0[13578]|1[02])-"
                        + "(?:0[1-9]|[12]\\\\d|3[01])|(?:02)-(?:0[1-9]|1\\\\d|2[0-8])))$'}",
                "{'type':'string','format':'uuid','pattern':'^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                        + "[0-9a-f]{12}$'}",
                "{'type':'string','format':'uuid'}",
                "{'type':'string','format':'hostname'}",
                "{'type':'string','format':'ipv4'}",
                "{'type':['null','string'],'format':'ipv6'}",
                "{'type':'string','format':'duration'}",
                "{'type':'array','items':{'type':'boolean'},'minItems':2,'maxItems':3}",
                "{'type':'array','prefixItems':[{'type':'boolean'},{'type':'integer'}],'minItems':2,'maxItems':2}",
                "{'anyOf':[{'const':1},{'enum':['a',null]}]}",
                "{'allOf':[{'type':'object','properties':{'p':{'const':1}},'required':['p']},{'$ref':'#/$defs/q'}]}"
            })
    void aModelThatGuessesKeepsTo(String schema) throws JsonProcessingException {
        var document = (ObjectNode) JSON.readTree("""
                {'type':'object','properties':{'a':%s},'required':['a'],'additionalProperties':false,
                 '$defs':{'q':{'type':'object','properties':{'q':{'const':2}},'required':['q']}}}""".formatted(schema).replace('\'', '"'));
        assertKeeps(document);
    }

    /** The validator knows the top-level domains there are, and a model that guesses does not; so as browsers know addresses. */
    @Test
    void aModelThatGuessesKeepsToAnAddressOfMail() throws JsonProcessingException {
        var wanted = (ObjectNode) JSON.readTree("{\"type\":\"string\",\"format\":\"email\"}");
        var label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";

        for (int seed = 0; seed < TRIES; seed++) {
            assertThat(JSON.readTree(answer(wanted, seed)).textValue())
                    .matches("[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@" + label + "(?:\\." + label + ")+");
        }
    }

    /** The engine takes such names for the same rule of its grammar: {@code q} was what {@code p.b} is. */
    @ParameterizedTest
    @ValueSource(strings = {"a-b", "a_b", "a.b", "a-b-kv"})
    void aModelThatGuessesTellsADefinitionFromAnothersProperty(String name) throws JsonProcessingException {
        assertKeeps((ObjectNode) JSON.readTree("""
                {'type':'object','required':['p','q'],'additionalProperties':false,
                 'properties':{'p':{'$ref':'#/$defs/a'},'q':{'$ref':'#/$defs/%1$s'}},
                 '$defs':{'%1$s':{'enum':['x','y']},
                          'a':{'type':'object','required':['b'],'properties':{'b':{'enum':['one','two']}}}}}""".formatted(name).replace('\'', '"')));
    }

    /** As a list that is linked, or a tree, is described; the engine refuses a reference to the whole as it stands. */
    @Test
    void aModelThatGuessesKeepsToASchemaThatRefersToItself() throws JsonProcessingException {
        assertKeeps((ObjectNode) JSON.readTree("""
                {'type':'object','required':['n','next'],'additionalProperties':false,
                 'properties':{'n':{'enum':[1,2]},'next':{'anyOf':[{'$ref':'#'},{'type':'null'}]}}}""".replace('\'', '"')));
    }

    private static void assertKeeps(ObjectNode document) throws JsonProcessingException {
        var validator = JsonSchemaFactory.getInstance(VersionFlag.V202012)
                .getSchema(
                        document,
                        SchemaValidatorsConfig.builder()
                                .formatAssertionsEnabled(true)
                                .build());

        assertThat(SchemaGaps.of(document, "f", new SchemaBudget())).isEmpty();
        for (int seed = 0; seed < TRIES; seed++) {
            var answer = answer(document, seed);
            assertThat(validator.validate(JSON.readTree(answer))).as(answer).isEmpty();
        }
    }

    private static String answer(ObjectNode schema, int seed) {
        var body = JSON.createObjectNode()
                .put("temperature", 2)
                .put("top_k", 0)
                .put("top_p", 1)
                .put("min_p", 0)
                .put("seed", seed)
                .put("max_tokens", 300);
        body.putArray("messages").addObject().put("role", "user").put("content", "Guess");
        body.putObject("response_format")
                .put("type", "json_schema")
                .putObject("json_schema")
                .put("name", "guess")
                .put("strict", true)
                .set("schema", schema);
        var text = new StringBuilder();
        var request = new GenerationRequest(Operation.CHAT, body, "tester");
        var result = Asking.ask(pool, LlamaForTests.model(), request, Asking.LIMIT, text::append)
                .result()
                .await()
                .atMost(Asking.LIMIT.multipliedBy(2));
        assertThat(((Answered) result).finishReason()).as("%s", text).isEqualTo("stop");
        return text.toString();
    }
}
