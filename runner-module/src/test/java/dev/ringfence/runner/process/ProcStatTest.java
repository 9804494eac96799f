package dev.ringfence.runner.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ProcStatTest {
    private static final String LINE = "42 (a) S 7 (b) c) R 17 1 0 -1 2 64 0 0 0 0 3 4 50 60 20 -5 8 0 12345\n";

    @Test
    void fieldsAreCountedBehindANameThatLooksLikeFieldsItself() {
        var stat = ProcStat.of(LINE).orElseThrow();

        assertThat(stat.state()).isEqualTo('R');
        assertThat(stat.number(ProcStat.PARENT)).isEqualTo(17);
        assertThat(stat.number(ProcStat.FLAGS)).isEqualTo(64);
        assertThat(stat.ownTicks()).isEqualTo(7);
        assertThat(stat.waitedTicks()).isEqualTo(110);
        assertThat(stat.number(ProcStat.NICE)).isEqualTo(-5);
        assertThat(stat.number(ProcStat.THREADS)).isEqualTo(8);
        assertThat(stat.number(ProcStat.START_TIME)).isEqualTo(12345);
    }

    @Test
    void whatAProcessThatHasEndedLeavesIsNoLine() {
        assertThat(ProcStat.of("")).isEmpty();
        assertThat(ProcStat.of("42 (name)")).isEmpty();
    }

    @Test
    void aFieldThatIsNotThereIsNotTakenForAnother() {
        var stat = ProcStat.of("42 (name) R 17\n").orElseThrow();

        assertThat(stat.number(ProcStat.PARENT)).isEqualTo(17);
        assertThatThrownBy(() -> stat.number(ProcStat.FLAGS)).isInstanceOf(NumberFormatException.class);
    }
}
