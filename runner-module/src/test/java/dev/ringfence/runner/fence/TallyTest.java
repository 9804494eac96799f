package dev.ringfence.runner.fence;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringfence.runner.fence.Tally.Shown;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class TallyTest {
    private final Tally tally = new Tally();

    @Test
    void whatAProcessUsedStaysWhenItIsGone() {
        look(new Shown(1, 1, 5, 0, 0), new Shown(2, 2, 30, 0, 0));
        look(new Shown(1, 1, 7, 0, 0), new Shown(2, 2, 40, 0, 0));
        look(new Shown(1, 1, 8, 0, 0));

        assertThat(tally.total()).isEqualTo(48);
    }

    @Test
    void whatAParentIsToldOfAChildIsCountedOnce() {
        look(new Shown(1, 1, 5, 0, 0), new Shown(2, 2, 30, 0, 0));
        look(new Shown(1, 1, 5, 33, 0));

        assertThat(tally.total()).isEqualTo(38);
    }

    @Test
    void whatAParentIsToldOfAChildThatWasSeenJustBeforeIsCountedOnce() {
        look(new Shown(2, 2, 30, 0, 0), new Shown(1, 1, 5, 0, 0));
        look(new Shown(2, 2, 33, 0, 0), new Shown(1, 1, 5, 33, 0));
        look(new Shown(1, 1, 5, 33, 0));

        assertThat(tally.total()).isEqualTo(38);
    }

    @Test
    void whatAParentIsToldOfAChildThatNobodySawIsCounted() {
        look(new Shown(1, 1, 5, 0, 0));
        look(new Shown(1, 1, 5, 33, 0));

        assertThat(tally.total()).isEqualTo(38);
    }

    @Test
    void anotherProcessOfTheSameNumberBeginsAnew() {
        look(new Shown(2, 2, 30, 0, 0));
        look(new Shown(2, 3, 20, 0, 0));

        assertThat(tally.total()).isEqualTo(50);
    }

    @Test
    void whatWasAssumedOfANewOneIsWhatItThenUses() {
        look(new Shown(2, 2, 3, 0, 25));
        look(new Shown(2, 2, 20, 0, 25));
        assertThat(tally.total()).isEqualTo(25);

        look(new Shown(2, 2, 40, 0, 25));
        assertThat(tally.total()).isEqualTo(40);
    }

    @Test
    void childrenThatNobodyWaitsForAndThatAreHardlyEverSeenAreCountedForAllOfThem() {
        var random = new Random(20261121);
        double used = 0;
        // One after the other, each of 8, seen when a look comes in its time; a look each 25, more or less.
        double nextLook = 25;
        double lookedAt = 0;
        for (int child = 1; child <= 20_000; child++) {
            double end = used + 8;
            while (nextLook < end) {
                look(new Shown(child, child, 0, 0, nextLook - lookedAt));
                lookedAt = nextLook;
                nextLook += 12.5 + 25 * random.nextDouble();
            }
            used = end;
        }

        assertThat(tally.total()).isCloseTo(used, Percentage.withPercentage(3));
    }

    private void look(Shown... shown) {
        tally.add(List.of(shown));
    }
}
