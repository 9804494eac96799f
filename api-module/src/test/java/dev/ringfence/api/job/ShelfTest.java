package dev.ringfence.api.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;

class ShelfTest {
    private static final long MIB = 1 << 20;

    @Test
    void theOldestEndedJobGoesWhenThereAreTooMany() {
        var shelf = new Shelf(2, MIB);
        for (var id : new String[] {"a", "b", "c", "d"}) {
            var job = Submitted.job(id, null);
            shelf.put(job);
            if (!id.equals("a")) {
                Submitted.end(job);
                shelf.ended(job);
            }
        }

        assertThat(shelf.find("a")).isPresent();
        assertThat(shelf.find("b")).isEmpty();
        assertThat(shelf.find("c")).isPresent();
        assertThat(shelf.find("d")).isPresent();
    }

    @Test
    void endedJobsAreAlsoBoundedInTheBytesOfTheirResults() {
        var shelf = new Shelf(1000, MIB);
        for (var id : new String[] {"a", "b", "c"}) {
            var job = Submitted.job(id, null);
            shelf.put(job);
            Submitted.end(job, large());
            shelf.ended(job);
        }

        assertOnlyTheLastTwoAreThere(shelf);
    }

    @Test
    void endedJobsAreAlsoBoundedInTheBytesOfTheirArguments() {
        var shelf = new Shelf(1000, MIB);
        for (var id : new String[] {"a", "b", "c"}) {
            var job = Submitted.jobOf(id, large());
            shelf.put(job);
            Submitted.end(job);
            shelf.ended(job);
        }

        assertOnlyTheLastTwoAreThere(shelf);
    }

    private static ObjectNode large() {
        return JsonNodeFactory.instance.objectNode().put("text", "x".repeat((int) MIB * 2 / 5));
    }

    private static void assertOnlyTheLastTwoAreThere(Shelf shelf) {
        assertThat(shelf.find("a")).isEmpty();
        assertThat(shelf.find("b")).isPresent();
        assertThat(shelf.find("c")).isPresent();
    }

    @Test
    void aKeyBelongsToTheFirstThatCameWithIt() {
        var shelf = new Shelf(10, MIB);
        var first = Submitted.job("a", "key");

        assertThat(shelf.put(first)).isSameAs(first);
        assertThat(shelf.put(Submitted.job("b", "key"))).isSameAs(first);
        assertThat(shelf.find("b")).isEmpty();
        assertThat(shelf.byKey(first.agent(), "key")).containsSame(first);
    }

    @Test
    void aKeyIsFreeAgainWhenItsJobIsGone() {
        var shelf = new Shelf(1, MIB);
        var refused = Submitted.job("a", "key");
        shelf.put(refused);
        shelf.remove(refused);
        var second = Submitted.job("b", "key");
        assertThat(shelf.put(second)).isSameAs(second);
        Submitted.end(second);
        shelf.ended(second);
        var other = Submitted.job("c", null);
        shelf.put(other);
        Submitted.end(other);
        shelf.ended(other);

        var third = Submitted.job("d", "key");

        assertThat(shelf.find("b")).isEmpty();
        assertThat(shelf.put(third)).isSameAs(third);
    }
}
