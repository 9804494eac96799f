package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.EngineException.InvalidRequest;
import java.util.Collections;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SchemaWeightTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "^((a{0,1000}){0,1000}){0,1000}$",
                "^(a?){0,1900}$",
                "^(a*){0,300}$",
                "^(a{1,40}){45}$",
                "^(a|b)*a(a|b){1,200}$",
                "^((){9999}){9999}$",
                "^(.?){0,9}$"
            })
    void patternsThatKeepAnEngineBusyDoNotReachIt(String pattern) {
        assertThat(SchemaWeight.of(withPattern(pattern), new SchemaBudget())).containsExactly("/pattern");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "^[a-z]{1,1000}$",
                "^([0-9]{1,3}\\.){3}[0-9]{1,3}$",
                "^([a-z]{1,63}\\.){1,10}[a-z]{2,63}$",
                "^[a-z0-9._-]+@([a-z0-9-]+\\.)+[a-z]{2,20}$",
                "^(AL|AK|AZ|AR|CA|CO)(,(AL|AK|AZ|AR|CA|CO)){0,50}$",
                "^((a*)*)*$",
                "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
            })
    void patternsOfOneWayAtATimeDo(String pattern) {
        assertThat(SchemaWeight.of(withPattern(pattern), new SchemaBudget())).isEmpty();
    }

    @Test
    void allPatternsOfARequestHaveOneBudgetOfTime() {
        var budget = new SchemaBudget();
        var dropped = SchemaWeight.of(fields(4000, "^[a-z]{1,900}%d$"), budget);

        assertThat(dropped).contains("/properties/p3999/pattern").doesNotContain("/properties/p0/pattern");
        assertThat(budget.width("^a$")).isEqualTo(Integer.MAX_VALUE);
    }

    /** Each of its places is tried with a character of each class: forty kinds took half a second and counted as one. */
    @Test
    void aPatternOfManyClassesTakesMoreOfThatBudget() {
        var random = new Random(7);
        var classes = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            classes.append('[');
            for (char letter = 'a'; letter <= 'z'; letter++) {
                classes.append(random.nextBoolean() ? letter : 'a');
            }
            classes.append(']');
        }
        var budget = new SchemaBudget();
        var few = "^([a-z]{40}){10}%d$";

        assertThat(SchemaWeight.of(fields(40, few), budget)).isEmpty();
        assertThat(SchemaWeight.of(fields(40, "^(" + classes + "){10}%d$"), new SchemaBudget()))
                .isNotEmpty();
    }

    /** Two schemas of 117 kB, with such references in a ring, took a processor 12 seconds, and all others had to wait. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "allOf; {'$ref':'#/$defs/0'}",
                "allOf; {'$ref':'#/$defs/63'}",
                "anyOf; {'$ref':'#/$defs/50'}",
                "anyOf; {'$ref':'#/$defs/63'}"
            })
    void allThatIsLookedAtForARequestHasOneBudget(String keyword, String part) throws JsonProcessingException {
        var schema = JSON.createObjectNode();
        for (int i = 0; i < 63; i++) {
            schema.withObject("$defs").putObject(i + "").put("$ref", "#/$defs/" + (i + 1));
        }
        var object = schema.withObject("$defs").putObject("63").put("type", "object");
        for (int i = 0; i < 100; i++) {
            object.withObject("properties").putObject("p" + i);
            object.withArray("required").add("q" + i);
        }
        for (int i = 0; i < 40; i++) {
            var parts = schema.withObject("properties").putObject("r" + i).putArray(keyword);
            for (int j = 0; j < 500; j++) {
                parts.add(JSON.readTree(part.replace('\'', '"')));
            }
        }
        var budget = new SchemaBudget();

        assertThat(SchemaWeight.of(schema, budget)).isNotEmpty();

        assertThat(budget.isSpent()).isTrue();
    }

    @Test
    void formatsThatAreSentAsPatternsCountAsThose() throws JsonProcessingException {
        var alternatives = "{'anyOf':[" + "{'type':'string','format':'%1$s'},".repeat(500) + "{'type':'null'}]}";

        assertThat(SchemaWeight.of(
                        JSON.readTree(alternatives.formatted("date").replace('\'', '"')), new SchemaBudget()))
                .isEmpty();
        assertThat(SchemaWeight.of(
                        JSON.readTree(alternatives.formatted("hostname").replace('\'', '"')), new SchemaBudget()))
                .containsExactly("/anyOf");
    }

    /** The budget was spent after some 38 fields of up to 256 characters. */
    @Test
    void fieldsOfFormsDoNotTakeThatBudgetFromEachOther() {
        assertThat(SchemaWeight.of(fields(4000, "^[a-z]{1,1900}$"), new SchemaBudget()))
                .isEmpty();
        assertThat(SchemaWeight.of(fields(50, "^[a-z]{1,256}%d$"), new SchemaBudget()))
                .isEmpty();
    }

    private static ObjectNode fields(int count, String pattern) {
        var fields = JSON.createObjectNode();
        var required = fields.putArray("required");
        for (int i = 0; i < count; i++) {
            fields.withObject("properties").set("p" + i, withPattern(pattern.formatted(i)));
            required.add("p" + i);
        }
        return fields;
    }

    @Test
    void soManyWaysToGoOnThatEachIsSlowDoNotReachIt() throws JsonProcessingException {
        var values = JSON.createArrayNode();
        IntStream.range(0, 1001).forEach(values::add);
        var branches = JSON.createArrayNode();
        Collections.nCopies(40, withPattern("^(a?){0,30}$")).forEach(branches::add);
        var optional = JSON.createObjectNode();
        IntStream.range(0, 1001).forEach(i -> optional.putObject("p" + i));

        assertThat(weight("{'enum':%s}", values)).containsExactly("/enum");
        assertThat(weight("{'items':{'anyOf':%s}}", branches)).containsExactly("/items/anyOf");
        assertThat(weight("{'properties':%s,'additionalProperties':false}", optional))
                .containsExactly("/properties");
    }

    /** Each level is the one below in two ways, so each bracket or brace doubles the ways. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'anyOf':[{'type':'array','items':%1$s,'minItems':1},{'type':'array','items':%1$s,'minItems':1}]}",
                "{'anyOf':[{'type':'object','additionalProperties':%1$s},{'type':'object','additionalProperties':%1$s}]}",
                "{'type':['array','array'],'items':%s,'minItems':1}",
                "{'type':['object','object'],'additionalProperties':%s}",
                "{'type':['object','object'],'properties':{'a':%s},'required':['a']}",
                "{'type':['object','string'],'allOf':[{'properties':{'a':%s}}]}"
            })
    void levelsThatDoubleTheWaysDoNotReachItOnceTheyAreTooMany(String level) throws JsonProcessingException {
        assertThat(SchemaWeight.of(levels(level, 12), new SchemaBudget())).isNotEmpty();
        assertThat(SchemaWeight.of(levels(level, 8), new SchemaBudget())).isEmpty();
    }

    private static JsonNode levels(String level, int levels) throws JsonProcessingException {
        JsonNode schema = JSON.createObjectNode().put("type", "integer");
        for (int i = 0; i < levels; i++) {
            schema = JSON.readTree(level.replace('\'', '"').formatted(schema));
        }
        return schema;
    }

    @Test
    void aNameThatIsRequiredAndNotDescribedMakesNoOtherOneRequired() throws JsonProcessingException {
        var optional = JSON.createObjectNode();
        var others = JSON.createArrayNode();
        for (int i = 0; i < 1001; i++) {
            optional.putObject("p" + i);
            others.add("q" + i);
        }

        assertThat(weight("{'properties':%s,'required':" + others + "}", optional))
                .containsExactly("/properties");
    }

    /** The engine has them in its grammar for each of the types: 597 of them for seven took it eleven seconds. */
    @Test
    void valuesOfSeveralTypesReachItWithoutTheTypes() throws JsonProcessingException {
        var values = JSON.createArrayNode();
        IntStream.range(0, 600).forEach(i -> values.add("v" + i));
        var typed = "{'type':['string','null'],'enum':%s}";
        var request = Asking.atZero("hi");
        var format = request.body().putObject("response_format").putObject("json_schema");
        format.put("strict", true)
                .set("schema", JSON.readTree(typed.replace('\'', '"').formatted(values)));

        var sent = EngineRequest.of(request).body().at("/response_format/json_schema/schema");

        assertThat(weight(typed, values)).isEmpty();
        assertThat(weight("{'$ref':'#/const','const':" + typed + "}", values)).containsExactly("/const/type", "/$ref");
        assertThat(sent.has("type")).isFalse();
        assertThat(sent.path("enum")).hasSize(600);
    }

    @Test
    void typesStayWhereTheValuesHaveToGo() throws JsonProcessingException {
        var schema = JSON.readTree("{\"type\":[\"string\",\"null\"],\"enum\":" + values(1001) + "}");

        SchemaWeight.lighten(schema, false, new SchemaBudget());

        assertThat(schema).hasToString("{\"type\":[\"string\",\"null\"]}");
        assertThat(weight("{'type':['array','array'],'items':{'enum':%s},'enum':" + values(1001) + "}", values(600)))
                .containsExactly("/enum", "/type");
    }

    /** None at all would be allowed beside those that are described. */
    @Test
    void propertiesThatAreTooHeavyAreOfAnyForm() throws JsonProcessingException {
        var values = JSON.createArrayNode();
        IntStream.range(0, 1001).forEach(values::add);
        var schema = JSON.readTree("""
                {"$defs":{"x":{"properties":{"a":{}},"additionalProperties":{"$ref":"#/$defs/y"}},
                 "y":{"enum":%s}},"$ref":"#/$defs/x"}""".formatted(values));

        SchemaWeight.lighten(schema, false, new SchemaBudget());

        assertThat(schema.at("/$defs/x/additionalProperties")).hasToString("true");
    }

    @Test
    void whatAReferenceMakesASchemaOfIsWeighedWhereverItStands() throws JsonProcessingException {
        assertThat(weight("{'$ref':'#/const','const':%s}", withPattern("^(a?){0,1900}$")))
                .containsExactly("/const/pattern", "/$ref");
        assertThat(weight("{'$ref':'#/properties','properties':%s}", withPattern("^(a?){0,1900}$")))
                .containsExactly("/properties/pattern", "/$ref");
        assertThat(weight("{'const':%s}", withPattern("^(a?){0,1900}$"))).isEmpty();
        assertThat(weight("{'properties':{'pattern':%s}}", withPattern("^a$"))).isEmpty();
    }

    /** A ring counted as one way, and what was looked at from within it as too few. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'anyOf':[{'type':'array','items':%1$s,'minItems':1},{'type':'array','items':%1$s,'minItems':1}]}",
                "{'anyOf':[{'type':'array','items':%1$s},{'type':'array'}]}",
                "{'anyOf':[{'type':'array','items':{'anyOf':[%1$s,{'type':'string'}]}},{'items':%1$s}]}",
                "{'type':['object','object'],'additionalProperties':%s}",
                "{'type':'object','allOf':[{'properties':{'a':%1$s}},{'properties':{'a':%1$s}}]}",
                "{'anyOf':[{'allOf':[{'enum':[null]},{'properties':{'b':%s}}]},{'type':'null'}]}",
                "{'anyOf':[{'allOf':[{'anyOf':[{'enum':[null]}]},{'properties':{'b':%s}}]},{'type':'null'}]}"
            })
    void ringsThatAddWaysEachTimeRoundDoNotReachIt(String ring) throws JsonProcessingException {
        assertThat(weight("{'$ref':'#/$defs/n','$defs':{'n':%s}}", ring(ring))).isNotEmpty();
        assertThat(weight("{'$ref':'#/$defs/m','$defs':{'m':{'$ref':'#/$defs/n'},'n':%s}}", ring(ring)))
                .isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'anyOf':[{'type':'string'},{'type':'number'},{'type':'boolean'},{'type':'null'},"
                        + "{'type':'array','items':%1$s},{'type':'object','additionalProperties':%1$s}]}",
                "{'anyOf':[{'anyOf':[{'type':'string'},{'type':'number'}]},{'type':'array','items':%s}]}",
                "{'type':['object','null'],'properties':{'next':%s},'required':['next']}",
                "{'type':'object','properties':{'next':{'anyOf':[%s,{'type':'null'}]}}}",
                "{'type':'object','properties':{'left':%1$s,'right':%1$s,'all':{'type':'array','items':%1$s}}}",
                "{'allOf':[{'properties':{'a':{'type':'string'}}},{'properties':{'b':%s}}]}",
                "{'anyOf':[{'allOf':[{'properties':{'a':{'type':'string'}}},{'properties':{'b':%s}}]},{'type':'null'}]}",
                "{'anyOf':[{'type':'object','properties':{'k':{'const':'a'},'x':%1$s},'required':['k','x']},"
                        + "{'type':'object','properties':{'k':{'const':'b'},'x':%1$s},'required':['k','x']}]}",
                "{'anyOf':[{'type':'object','properties':{'and':{'type':'array','items':%1$s}},'required':['and']},"
                        + "{'type':'object','properties':{'or':{'type':'array','items':%1$s}},'required':['or']}]}"
            })
    void ringsWhoseAlternativesTheirBeginningTellsApartReachIt(String ring) throws JsonProcessingException {
        assertThat(weight("{'$ref':'#/$defs/n','$defs':{'n':%s}}", ring(ring))).isEmpty();
        assertThat(weight("{'$ref':'#/$defs/m','$defs':{'m':{'$ref':'#/$defs/n'},'n':%s}}", ring(ring)))
                .isEmpty();
    }

    @Test
    void valuesCountOnceInARing() throws JsonProcessingException {
        assertThat(weight(
                        "{'$ref':'#/$defs/x','$defs':{'x':{'anyOf':[{'enum':%s},{'type':'array','items':{'$ref':'#/$defs/x'}}]}}}",
                        values(600)))
                .isEmpty();
        assertThat(weight(
                        "{'anyOf':[{'type':'array','items':{'enum':%1$s}},{'type':'array','items':{'enum':%1$s}}]}",
                        values(600)))
                .isNotEmpty();
    }

    private static JsonNode ring(String schema) throws JsonProcessingException {
        return JSON.readTree(schema.formatted("{'$ref':'#/$defs/n'}").replace('\'', '"'));
    }

    /** It was looked up as the name that these stand for, and the engine takes them as they are. */
    @ParameterizedTest
    @ValueSource(strings = {"a~1b", "a~0b", "a%25b"})
    void aReferenceToAnEscapedNameDoesNotReachIt(String name) throws JsonProcessingException {
        assertThat(weight("{'items':{'$ref':'#/$defs/" + name.replace("%", "%%") + "'},'$defs':{'a/b':%s}}", values(1)))
                .containsExactly("/items/$ref");
    }

    @Test
    void aSchemaThatIsNotStrictIsSentWithoutThemAndNamesThem() {
        var request = Asking.atZero("hi");
        var format = request.body().putObject("response_format").putObject("json_schema");
        format.set("schema", withPattern("^(a?){0,1900}$"));
        var function = request.body().putArray("tools").addObject().putObject("function");
        function.set("parameters", withPattern("^\\D$"));

        var sent = EngineRequest.of(request).body();

        assertThat(sent.findValues("pattern")).isEmpty();
        assertThat(request.body().findValues("pattern")).hasSize(2);
        assertThat(GrammarGaps.of(request.body())).containsExactly("response_format#/pattern", "tools[0]#/pattern");

        format.put("strict", true);
        assertThatThrownBy(() -> new EngineAnswer(EngineRequest.of(request), false))
                .isInstanceOf(InvalidRequest.class)
                .hasMessageContaining("response_format#/pattern");
    }

    @ParameterizedTest
    @CsvSource({"2,597", "5,249", "6,180", "900,1"})
    void alternativesThatTheirFirstPropertyTellsApartReachItThoughEachIsWide(int alternatives, int values)
            throws JsonProcessingException {
        assertThat(weight("{'items':{'anyOf':%s}}", actions(alternatives, values, "{'const':'a%d'}")))
                .isEmpty();
        assertThat(weight("{'oneOf':%s}", actions(alternatives, values, "{'type':'string','enum':['a%d']}")))
                .isEmpty();
        assertThat(weight(
                        "{'$defs':%s,'items':{'anyOf':" + references(alternatives) + "}}",
                        definitions(actions(alternatives, values, "{'const':'a%d'}"))))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'const':'a'}",
                "{'const':%d}",
                "{'enum':['a%d','b']}",
                "{'type':'string'}",
                "{'type':['string','string'],'const':'a%d'}",
                "{'const':'a%d','anyOf':[{'const':'a'}]}",
                "{'$ref':'#/$defs/x'}"
            })
    void alternativesWhoseFirstPropertyMayBeTheSameAddUp(String first) throws JsonProcessingException {
        assertThat(weight("{'anyOf':%s}", actions(2, 597, first))).containsExactly("/anyOf");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "'required':['action','zone']; 'required':['zone']",
                "'required':['action','zone']; 'x':0",
                "'type':'object'; 'type':['object','object']",
                "'type':'object'; 'enum':[{}],'type':'object'",
                "'type':'object'; 'anyOf':[{}],'type':'object'"
            })
    void alternativesThatMayBeginOtherwiseAddUp(String with, String instead) throws JsonProcessingException {
        var actions = actions(2, 597, "{'const':'a%d'}").toString().replace('"', '\'');

        assertThat(actions).contains(with);
        assertThat(weight(
                        "{'anyOf':%s}",
                        JSON.readTree(actions.replace(with, instead).replace('\'', '"'))))
                .contains("/anyOf");
    }

    @Test
    void whatIsDescribedFirstIsFirstAndTheOthersAddUp() throws JsonProcessingException {
        var actions = actions(2, 597, "{'const':'a%d'}");
        for (var action : actions) {
            var last = ((ObjectNode) action.path("properties")).remove("action");
            ((ObjectNode) action.path("properties")).set("action", last);
        }
        var oneMore = actions(2, 597, "{'const':'a%d'}");
        oneMore.addObject()
                .put("type", "object")
                .putObject("additionalProperties")
                .putArray("enum")
                .addAll(values(597));

        assertThat(weight("{'anyOf':%s}", actions)).containsExactly("/anyOf");
        // Of them one object is made, with two actions and two zones.
        assertThat(weight("{'allOf':[{'anyOf':%s}]}", actions(2, 597, "{'const':'a%d'}")))
                .containsExactly("/allOf");
        assertThat(weight("{'anyOf':%s}", oneMore)).containsExactly("/anyOf");
    }

    private static ArrayNode actions(int count, int values, String first) throws JsonProcessingException {
        var actions = JSON.createArrayNode();
        for (int i = 0; i < count; i++) {
            var action = actions.addObject().put("type", "object");
            action.putObject("properties")
                    .set("action", JSON.readTree(first.replace('\'', '"').formatted(i)));
            action.withObject("properties").putObject("zone").putArray("enum").addAll(values(values));
            action.putArray("required").add("action").add("zone");
        }
        return actions;
    }

    private static ArrayNode values(int count) {
        var values = JSON.createArrayNode();
        IntStream.range(0, count).forEach(i -> values.add("v" + i));
        return values;
    }

    private static ObjectNode definitions(ArrayNode actions) {
        var definitions = JSON.createObjectNode();
        for (int i = 0; i < actions.size(); i++) {
            definitions.set("d" + i, actions.get(i));
        }
        return definitions;
    }

    private static String references(int count) {
        return IntStream.range(0, count)
                .mapToObj("{'$ref':'#/$defs/d%d'}"::formatted)
                .collect(Collectors.joining(",", "[", "]"));
    }

    private static Set<String> weight(String schema, JsonNode part) throws JsonProcessingException {
        return SchemaWeight.of(JSON.readTree(schema.replace('\'', '"').formatted(part)), new SchemaBudget());
    }

    private static ObjectNode withPattern(String pattern) {
        return JSON.createObjectNode().put("type", "string").put("pattern", pattern);
    }
}
