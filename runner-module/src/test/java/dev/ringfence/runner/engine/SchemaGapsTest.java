package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.EngineException.InvalidRequest;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SchemaGapsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** As zod 4 writes it beside the format. */
    private static final String ZODS_TIME =
            "^(?:(?:\\\\d\\\\d[2468][048]|\\\\d\\\\d[13579][26]|\\\\d\\\\d0[48]|[02468][048]00|[13579][26]00)-02-29"
                    + "|\\\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\\\d|3[01])"
                    + "|(?:0[469]|11)-(?:0[1-9]|[12]\\\\d|30)|(?:02)-(?:0[1-9]|1\\\\d|2[0-8])))"
                    + "T(?:(?:[01]\\\\d|2[0-3]):[0-5]\\\\d:[0-5]\\\\d(?:\\\\.\\\\d+)?(?:Z|([+-](?:[01]\\\\d|2[0-3]):[0-5]\\\\d)))$";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'type':'integer','minimum':1,'exclusiveMaximum':9}",
                "{'type':['integer','null'],'minimum':1}",
                "{'type':'string','minLength':1,'maxLength':9,'title':'t','description':'d','default':'x','examples':[1]}",
                "{'type':'string','pattern':'^[A-Z]{2}-[0-9]+(?:a|b)?$'}",
                "{'type':'string','format':'date-time'}",
                "{'type':'string','format':'uuid','pattern':'^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-"
                        + "[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}|0{8}-0{4}-0{4}-0{4}-0{12})$'}",
                "{'type':'string','format':'date-time','pattern':'" + ZODS_TIME + "'}",
                "{'type':'integer','format':'int64'}",
                "{'type':'string','format':'email'}",
                "{'type':['string','null'],'format':'ipv6'}",
                "{'type':'string','format':'email','pattern':'^[a-z]{1,9}@[a-z]{1,9}$'}",
                "{'type':'string','enum':['a','b']}",
                "{'const':{'a':[1]}}",
                "{'type':'object','propertyNames':{'type':'string'},'additionalProperties':{'type':'integer'}}",
                "{'type':'object','propertyNames':{},'additionalProperties':{'type':'integer'}}",
                "{'type':'array','items':{'type':'boolean'},'minItems':1,'maxItems':3,'uniqueItems':false}",
                "{'type':'array','prefixItems':[{'type':'boolean'},{'type':'integer'}],'minItems':2,'maxItems':2}",
                "{'anyOf':[{'type':'string'},{'type':'null'}],'default':null,'title':'t'}",
                "{'type':'object','properties':{'a':{'$ref':'#/$defs/x'}},'required':['a'],'additionalProperties':false,"
                        + "'$defs':{'x':{'type':'integer'}},'$schema':'https://json-schema.org/draft/2020-12/schema'}",
                "{'allOf':[{'$ref':'#/$defs/x'}],'description':'d','$defs':{'x':{'type':'object',"
                        + "'properties':{'a':{'type':'integer'}},'required':['a']}}}"
            })
    void whatAGrammarHoldsIsNoGap(String schema) {
        assertThat(SchemaGaps.of(json(schema), "f", new SchemaBudget())).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "{'type':'number','minimum':0,'maximum':1}; f#/minimum f#/maximum",
                "{'type':'integer','minimum':0,'exclusiveMinimum':5}; f#/exclusiveMinimum",
                "{'type':'integer','multipleOf':7}; f#/multipleOf",
                "{'type':'string','format':'uri'}; f#/format",
                "{'type':'string','format':'uri','pattern':'^[a-z]{1,9}:[a-z]{1,9}$'}; f#/format",
                "{'type':'string','format':'email','minLength':5}; f#/minLength",
                "{'type':'string','format':'email','pattern':'^(?!x)[a-z]$'}; f#/pattern",
                "{'type':'string','format':'date','pattern':'[0-9]'}; f#/pattern",
                "{'type':'string','pattern':'^(\\\\d?){0,100}$'}; f#/pattern",
                "{'type':'string','pattern':'^\\\\D$'}; f#/pattern",
                "{'type':'string','format':'uuid','maxLength':5}; f#/maxLength",
                "{'type':'string','pattern':'^[ab]*$','maxLength':5}; f#/maxLength",
                "{'type':'string','enum':['a'],'pattern':'^a$'}; f#/pattern",
                "{'type':'array','items':{'type':'number','minimum':1},'uniqueItems':true}; f#/uniqueItems f#/items/minimum",
                "{'type':'array','contains':{'const':1}}; f#/contains",
                "{'type':'array','prefixItems':[{}],'items':{}}; f#/prefixItems",
                "{'type':'object','minProperties':2,'patternProperties':{}}; f#/minProperties f#/patternProperties",
                "{'type':'object','properties':{'a':{}},'required':['a','b']}; f#/required",
                "{'type':'object','propertyNames':{'type':'string','maxLength':3}}; f#/propertyNames",
                "{'type':'object','propertyNames':{'$ref':'#/$defs/x'},'$defs':{'x':{}}}; f#/propertyNames",
                "{'type':'object','propertyNames':{'type':'integer'}}; f#/propertyNames",
                "{'type':'object','properties':{'a':{}},'dependentRequired':{}}; f#/dependentRequired",
                "{'type':'object','properties':{'a':{}},'anyOf':[{'required':['a']}]}; f#/type f#/properties f#/anyOf/0/required",
                "{'$ref':'#/$defs/x','maximum':3,'$defs':{'x':{'not':{}}}}; f#/$defs/x/not f#/maximum",
                "{'type':'integer','allOf':[{'minimum':3}]}; f#/allOf",
                "{'properties':{'a/b~':{'if':{},'then':{}}}}; f#/properties/a~1b~0/if"
            })
    void whatItPassesOverIsNamedWithItsPlace(String schema, String gaps) {
        assertThat(SchemaGaps.of(json(schema), "f", new SchemaBudget())).containsExactlyInAnyOrder(gaps.split(" "));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[a-c]",
                "^a",
                "^(?=ab)[a-c]{3}$",
                "^\\d{3}$",
                "^[\\w]{2}$",
                "^(a|b)\\1$",
                "^a.b$",
                "^[^x]$",
                "^a+?b$",
                "^é$",
                "^[ -~]$",
                "^(a$",
                "^a)$",
                "^a\\$",
                "^a\"b$",
                "^",
                ""
            })
    void patternsThatAGrammarDoesNotHoldAreNamed(String pattern) {
        assertThat(GrammarPattern.parse(pattern)).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "^$",
                "^a\\.b$",
                "^[A-Za-z0-9_-]{2}$",
                "^(?:ab|c)$",
                "^a{2,}b$",
                "^(a(b|c)){1,2}$",
                "^a/b @#$",
                "^[a\\]]$"
            })
    void patternsThatAGrammarHoldsAreNot(String pattern) {
        assertThat(GrammarPattern.parse(pattern)).isNotNull();
    }

    @ParameterizedTest
    @CsvSource({
        "^\\d{3}$, ^[0-9]{3}$",
        "^[\\d-]\\w$, ^[0-9-][A-Za-z0-9_]$",
        "^[\\w.]\\d$, ^[A-Za-z0-9_.][0-9]$",
        "^[\\]\\d]\\[\\d$, ^[\\]0-9]\\[[0-9]$",
        "^\\\\d$, ^\\\\d$"
    })
    void patternsAreWrittenWithTheClassesThatEscapesStandFor(String pattern, String plain) {
        assertThat(GrammarPattern.plain(pattern)).isEqualTo(plain);
    }

    /** A hyphen after an escape is one of the characters, and after digits it would begin a range. */
    @ParameterizedTest
    @ValueSource(strings = {"^[\\d-x]$", "^[+-\\d]$", "^[a-\\w]$", "^[0-\\d]$", "^[\\d-\\w]$"})
    void rangesBesideEscapesAreNotTakenForOthers(String pattern) {
        assertThat(GrammarPattern.parse(GrammarPattern.plain(pattern))).isNull();
    }

    @Test
    void anEngineGetsPatternsAsItsGrammarKnowsThem() {
        var schema = json("{'properties':{'pattern':{'pattern':'^\\\\d$'},'b':{'const':{'pattern':'\\\\d'}},"
                + "'c':{'pattern':'^\\\\d+?$'}}}");

        SchemaWeight.lighten(schema, true, new SchemaBudget());

        assertThat(schema)
                .isEqualTo(json("{'properties':{'pattern':{'pattern':'^[0-9]$'},'b':{'const':{'pattern':'\\\\d'}},"
                        + "'c':{'pattern':'^\\\\d+?$'}}}"));
    }

    @Test
    void anEngineGetsPatternsForFormatsThatItsGrammarDoesNotKnow() {
        var schema = json("{'properties':{'format':{'format':'ipv4'},'b':{'const':{'format':'ipv4'}},"
                + "'c':{'format':'ipv4','pattern':'^1$'},'d':{'format':'date'},'e':{'format':'uri'}}}");

        SchemaWeight.lighten(schema, true, new SchemaBudget());

        var octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
        assertThat(schema)
                .isEqualTo(
                        json(
                                "{'properties':{'format':{'pattern':'^%s(\\\\.%s){3}$'},'b':{'const':{'format':'ipv4'}},"
                                                .formatted(octet, octet)
                                        + "'c':{'format':'ipv4','pattern':'^1$'},'d':{'format':'date'},'e':{'format':'uri'}}}"));
    }

    /** As zod writes addresses of mail. */
    @Test
    void aFormatStandsInForAPatternBesideItThatNoGrammarHolds() {
        var schema = json("{'type':'string','format':'email','pattern':'^(?!x)[a-z]$'}");

        SchemaWeight.lighten(schema, false, new SchemaBudget());

        assertThat(schema.path("pattern").asText()).isEqualTo(GrammarFormats.pattern("email"));
        assertThat(schema.has("format")).isFalse();
    }

    /** As a pattern it took a hundred tokens and more of the context, in each turn. */
    @Test
    void aFormatStaysWhatItIsWhereTheModelReadsIt() {
        var schema = json("{'properties':{'a':{'type':'string','format':'email'},'b':{'format':'date'}}}");
        var before = schema.deepCopy();

        SchemaWeight.lightenShown(schema, new SchemaBudget());

        assertThat(schema).isEqualTo(before);
        assertThat(SchemaGaps.ofShown(schema, "f", new SchemaBudget())).containsExactly("f#/properties/a/format");
    }

    /** Of 3,500 such fields an engine took ten seconds to make a grammar. */
    @Test
    void formatsAreHeldAsPatternsAsLongAsThereIsRoomForThose() {
        var schema = JSON.createObjectNode().put("type", "array");
        for (int i = 0; i < 3500; i++) {
            schema.withArray("prefixItems").addObject().put("type", "string").put("format", "ipv6");
        }

        assertThat(SchemaGaps.of(schema, "f", new SchemaBudget()))
                .contains("f#/prefixItems/200/format")
                .doesNotContain("f#/prefixItems/0/format");
        SchemaWeight.lighten(schema, false, new SchemaBudget());
        assertThat(schema.toString().length()).isLessThan(200_000);
        assertThat(schema.at("/prefixItems/0").has("pattern")).isTrue();
        assertThat(schema.at("/prefixItems/3499").has("pattern")).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"ipv4, f#/properties/a/format", "date, ''"})
    void aFormatThatTheGrammarDoesNotKnowIsNotHeldWhereAReferenceMayLeadAnywhere(String format, String gap) {
        var schema = json(
                "{'properties':{'a':{'type':'string','format':'%s'},'b':{'$ref':'#/properties/a'}}}".formatted(format));

        assertThat(String.join(" ", SchemaGaps.of(schema, "f", new SchemaBudget())))
                .isEqualTo(gap);
    }

    @ParameterizedTest
    @ValueSource(strings = {"email", "hostname", "ipv4", "ipv6", "duration"})
    void aFormatsPatternIsOneThatAGrammarHolds(String format) {
        var pattern = GrammarFormats.pattern(format);

        assertThat(new SchemaBudget().width(Objects.requireNonNull(pattern))).isLessThanOrEqualTo(PatternWidth.WIDEST);
    }

    /** Such a reference may lead into a value, as if that were a schema. */
    @Test
    void whereAReferenceMayLeadAnywhereNoPatternIsWrittenAnew() {
        var schema = json("{'properties':{'a':{'const':{'pattern':'^\\\\d$'}},'b':{'$ref':'#/properties/a/const'}}}");
        var before = schema.deepCopy();

        SchemaWeight.lighten(schema, true, new SchemaBudget());

        assertThat(schema).isEqualTo(before);
        assertThat(SchemaGaps.of(schema, "f", new SchemaBudget())).isNotEmpty();
    }

    @Test
    void aSchemaOfManyGapsIsNotReadToItsEnd() {
        var all = JSON.createObjectNode();
        for (int i = 0; i < 5000; i++) {
            all.withObject("properties").putObject("p" + i).put("multipleOf", 2);
        }

        assertThat(SchemaGaps.of(all, "f", new SchemaBudget())).hasSize(100);
    }

    @Test
    void onlyASchemaThatIsToBeKeptToStrictlyIsRefusedForThem() {
        var format =
                "{'response_format':{'type':'json_schema','json_schema':{%s'schema':{'type':'number','minimum':1}}}}";

        assertThat(GrammarGaps.of(json(format.formatted("")))).containsExactly("response_format#/minimum");
        assertThat(GrammarGaps.of(json(format.formatted("'strict':false,")))).hasSize(1);
        assertThatThrownBy(() -> new EngineAnswer(
                        new GenerationRequest(Operation.CHAT, json(format.formatted("'strict':true,")), "tester"),
                        true))
                .isInstanceOfSatisfying(
                        InvalidRequest.class,
                        refusal -> assertThat(refusal.parameter()).hasValue("response_format.json_schema.schema"))
                .hasMessageContaining("response_format#/minimum");
    }

    @Test
    void functionsThatCannotBeCalledAskForNothing() {
        var body = json("{'tools':[{'type':'function','function':{'name':'f','parameters':{'multipleOf':2}}}]}");

        assertThat(GrammarGaps.of(body)).containsExactly("tools[0]#/multipleOf");
        assertThat(GrammarGaps.of(body.put("tool_choice", "none"))).isEmpty();
    }

    @Test
    void whatOnlyServicesActOnDoesNotReachAnEngine() {
        var body = json("{'user':'u','verbosity':'low','tools':[{'function':{'name':'f','strict':true}}],'seed':1}");
        var request = new GenerationRequest(Operation.CHAT, body, "tester");

        assertThat(PassedOver.services(body)).containsExactly("user", "verbosity");
        assertThat(PassedOver.withoutServices(request).body())
                .isEqualTo(json("{'tools':[{'function':{'name':'f'}}],'seed':1}"));
        assertThat(body.has("user")).isTrue();
    }

    private static ObjectNode json(String text) {
        try {
            return (ObjectNode) JSON.readTree(text.replace('\'', '"'));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(text, e);
        }
    }
}
