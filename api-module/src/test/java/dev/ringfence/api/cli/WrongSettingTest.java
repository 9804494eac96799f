package dev.ringfence.api.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** With the words of the library, which the tests of the package hear from itself. */
class WrongSettingTest {
    private static final String COMPLAINT =
            "java.lang.IllegalArgumentException: SRCFG00039: The config property %s with the config value \"%s\" threw an"
                    + " Exception whilst being converted %s";

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            SRCFG00029: Expected an integer value, got "x" | a whole number
            SRCFG00030: Expected a long value, got "x"     | a whole number
            SRCFG00031: Expected a double value, got "x"   | a number
            Invalid duration: x                            | a time, such as 500ms or 10s
            value x not in correct format (regular expression): [0-9]+[BbKkMmGgTtPpEeZzYy]? | a size in bytes, such as 512M or 2G
            """)
    void theKeyTheValueAndWhatIsPossibleAreTold(String reason, String possible) {
        assertThat(WrongSetting.explain(COMPLAINT.formatted("ringfence.some.setting", "x", reason)))
                .isEqualTo("ringfence.some.setting is \"x\"; it must be " + possible);
    }

    @Test
    void aSecretIsNotTold() {
        assertThat(WrongSetting.explain(COMPLAINT.formatted(
                        "ringfence.webhooks.endpoints.ops.url",
                        "https://host/se cret",
                        "Illegal character in se cret")))
                .contains("ringfence.webhooks.endpoints.ops.url")
                .doesNotContain("cret");
    }

    @Test
    void whatElseIsWrongIsToldWithoutTheLibrarysNumbers() {
        assertThat(WrongSetting.explain("SRCFG00050: ringfence.colour does not map to any root"))
                .isEqualTo("ringfence.colour does not map to any root");
    }
}
