package dev.ringfence.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SuggestionTest {
    @Test
    void theNearestWordIsSuggestedWhateverItsCase() {
        var known = List.of("standard", "secure", "demo");

        assertThat(Suggestion.nearest("secur", known)).hasValue("secure");
        assertThat(Suggestion.nearest("STANDRAD", known)).hasValue("standard");
        assertThat(Suggestion.nearest("elephant", known)).isEmpty();
        assertThat(Suggestion.nearest("x".repeat(10_000), known)).isEmpty();
        assertThat(Suggestion.nearest("secure", List.of())).isEmpty();
    }

    @Test
    void ofEquallyNearWordsTheFirstInOrderIsSuggested() {
        assertThat(Suggestion.nearest("rest", List.of("test", "best"))).hasValue("best");
    }

    @Test
    void whereNothingIsNearALimitedNumberOfKnownWordsIsListed() {
        var many = IntStream.range(100, 130).mapToObj(i -> "model-" + i).toList();

        assertThat(Suggestion.of("elephant", List.of("a", "b"))).isEqualTo("; known are a, b");
        assertThat(Suggestion.of("elephant", many)).endsWith("model-118, model-119 and 10 more");
        assertThat(Suggestion.of("elephant", List.of())).isEmpty();
    }

    @Test
    void distanceCountsLetters() {
        assertThat(Suggestion.distance("", "")).isZero();
        assertThat(Suggestion.distance("abc", "")).isEqualTo(3);
        assertThat(Suggestion.distance("kitten", "sitting")).isEqualTo(3);
        assertThat(Suggestion.distance("Read", "read")).isZero();
    }
}
