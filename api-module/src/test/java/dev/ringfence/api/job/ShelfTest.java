package dev.ringfence.api.job;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ShelfTest {
    @Test
    void theNewestComesFirst() {
        var shelf = new Shelf(10);
        shelf.put(Submitted.job("a", null));
        shelf.put(Submitted.job("b", null));
        shelf.put(Submitted.job("c", null));

        assertThat(shelf.newest(2, _ -> true)).extracting(Job::id).containsExactly("c", "b");
    }

    @Test
    void theOldestEndedJobGoesWhenThereAreTooMany() {
        var shelf = new Shelf(2);
        for (var id : new String[] {"a", "b", "c", "d"}) {
            var job = Submitted.job(id, null);
            shelf.put(job);
            if (!id.equals("a")) {
                Submitted.end(job);
                shelf.ended();
            }
        }

        assertThat(shelf.newest(10, _ -> true)).extracting(Job::id).containsExactly("d", "c", "a");
        assertThat(shelf.find("b")).isEmpty();
        assertThat(shelf.live()).extracting(Job::id).containsExactly("a");
    }

    @Test
    void endedJobsOfAnEarlierLifeCountAsWell() {
        var shelf = new Shelf(1);
        for (var id : new String[] {"a", "b"}) {
            var job = Submitted.job(id, null);
            Submitted.end(job);
            shelf.restore(job);
        }

        assertThat(shelf.newest(10, _ -> true)).extracting(Job::id).containsExactly("b");
    }

    @Test
    void ofTwoJobsOfAnEarlierLifeWithOneKeyTheNewerHasIt() {
        var shelf = new Shelf(10);
        var newer = Submitted.job("b", "key");
        shelf.restore(Submitted.job("a", "key"));
        shelf.restore(newer);

        assertThat(shelf.newest(10, _ -> true)).hasSize(2);
        assertThat(shelf.put(Submitted.job("c", "key"))).isSameAs(newer);
    }

    @Test
    void aKeyBelongsToTheFirstThatCameWithIt() {
        var shelf = new Shelf(10);
        var first = Submitted.job("a", "key");

        assertThat(shelf.put(first)).isSameAs(first);
        assertThat(shelf.put(Submitted.job("b", "key"))).isSameAs(first);
        assertThat(shelf.find("b")).isEmpty();
    }

    @Test
    void aKeyIsFreeAgainWhenItsJobIsGone() {
        var shelf = new Shelf(1);
        var refused = Submitted.job("a", "key");
        shelf.put(refused);
        shelf.remove(refused);
        var second = Submitted.job("b", "key");
        assertThat(shelf.put(second)).isSameAs(second);
        Submitted.end(second);
        shelf.ended();
        var other = Submitted.job("c", null);
        shelf.put(other);
        Submitted.end(other);
        shelf.ended();

        var third = Submitted.job("d", "key");

        assertThat(shelf.find("b")).isEmpty();
        assertThat(shelf.put(third)).isSameAs(third);
    }
}
