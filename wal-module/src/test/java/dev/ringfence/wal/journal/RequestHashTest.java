package dev.ringfence.wal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RequestHashTest {
    private static String hash(String arguments) throws JsonProcessingException {
        return RequestHash.of(new JobEvent.Submitted(
                "job",
                Instant.EPOCH,
                "builder",
                "ShellExec",
                new ObjectMapper().readTree(arguments),
                "secure",
                Duration.ofSeconds(60),
                null));
    }

    /** Half a character was hashed as the question mark that stands for it in UTF-8. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[\"true\", \"?\"]  | [\"true\", \"\\ud800\"]",
                "[\"\\udc00\"]      | [\"\\ud800\"]",
                "[\"a\\ud800\"]     | [\"\\ud800a\"]",
                "{\"?\": 1}         | {\"\\ud800\": 1}",
                "[\"\\ufffd\"]      | [\"\\ud800\"]",
                "[\"a\", \"b\"]     | [\"ab\"]",
                "[\"1\"]            | [1]",
                "{\"a\": {}}        | {\"a\": []}"
            })
    void requestsThatAskForDifferentThingsHaveDifferentHashes(String one, String other) throws Exception {
        assertThat(hash(one)).isNotEqualTo(hash(other));
    }

    @Test
    void howARequestIsWrittenMakesNoDifference() throws Exception {
        assertThat(hash("{\"b\": 1.0, \"a\": \"\\u00e9\\ud83e\\udd8a\"}"))
                .isEqualTo(hash("{\"a\": \"é\uD83E\uDD8A\", \"b\": 1}"));
    }

    /** Journals hold jobs whose requests are compared with those of a later version. */
    @Test
    void aRequestKeepsItsHash() throws Exception {
        assertThat(hash("{\"argv\": [\"true\", \"é\"]}"))
                .isEqualTo("2971db0556d5d7da6d6709b186eda3a27bf4255ccbd6f14383e8e08c143b0525");
    }
}
