package dev.ringfence.api.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class JobTextTest {
    private static final String SUMMARY = "job 1 completed, exit code 0\n";

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    /** It came twice. */
    @Test
    void whatWasHeardOfStandardErrorAloneIsNotPrintedAgain() {
        var text = text(false);
        heard(text, "stderr", "careful\n");

        text.end(completed("{'stdout':'','stderr':'careful\\n','exit_code':0}"));

        assertThat(out).hasToString("");
        assertThat(err).hasToString("careful\n" + SUMMARY);
    }

    @Test
    void whatWasNotHeardIsPrintedFromTheResult() {
        text(false).end(completed("{'stdout':'hello\\n','stderr':'careful\\n','exit_code':0}"));

        assertThat(out).hasToString("hello\n");
        assertThat(err).hasToString("careful\n" + SUMMARY);
    }

    @Test
    void whatAJobThatWasRefusedLeftIsNoResult() {
        text(false)
                .end(json("{'id':'1','state':'failed','result':{'sequence':0,'success':false},"
                        + "'error':{'type':'invalid-arguments','message':'/path is missing'}}"));

        assertThat(out).hasToString("");
        assertThat(err).hasToString("job 1 failed: invalid-arguments: /path is missing\n");
    }

    @Test
    void aResultOfAnotherKindIsPrintedAlsoWhenThereWereComplaints() {
        var text = text(false);
        heard(text, "fence", "careful\n");

        text.end(completed("{'bytes':3,'exit_code':0}"));

        assertThat(out.toString(StandardCharsets.UTF_8)).contains("\"bytes\" : 3");
    }

    @Test
    void onATerminalHowItEndedHasALineOfItsOwn() {
        var text = text(true);
        heard(text, "stdout", "no newline");

        text.end(completed("{'stdout':'no newline','stderr':'','exit_code':0}"));

        assertThat(out).hasToString("no newline");
        assertThat(err).hasToString("\n" + SUMMARY);
    }

    @Test
    void elsewhereTheTwoStreamsHaveNothingToDoWithEachOther() {
        var text = text(false);
        heard(text, "stdout", "no newline");

        text.end(completed("{'stdout':'no newline','stderr':'','exit_code':0}"));

        assertThat(err).hasToString(SUMMARY);
    }

    private JobText text(boolean together) {
        return new JobText(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                together);
    }

    private static void heard(JobText text, String channel, String what) {
        text.heard(
                "output",
                JsonNodeFactory.instance.objectNode().put("channel", channel).put("text", what));
    }

    private static JsonNode completed(String result) {
        return json("{'id':'1','state':'completed','result':" + result + "}");
    }

    private static JsonNode json(String text) {
        try {
            return new ObjectMapper().readTree(text.replace('\'', '"'));
        } catch (IOException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
