package dev.ringfence.runner.fence.seccomp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.ringfence.runner.fence.seccomp.Assembler.Condition;
import dev.ringfence.runner.fence.seccomp.Assembler.Label;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AssemblerTest {
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 254, 255, 256, 257, 300, 2000})
    void aConditionalJumpReachesAnyDistance(int between) {
        var assembler = new Assembler();
        var target = new Label();
        assembler.load(0);
        assembler.jumpIf(Condition.EQUAL, 7, target);
        for (int i = 0; i < between; i++) {
            assembler.result(1);
        }
        assembler.mark(target);
        assembler.result(2);

        var program = new FilterInterpreter(assembler.assemble());

        assertThat(program.run(0, 7, 0, 0, 0, 0, 0, 0)).isEqualTo(2);
        assertThat(program.run(0, 8, 0, 0, 0, 0, 0, 0)).isEqualTo(between == 0 ? 2 : 1);
    }

    @Test
    void aJumpThatGrowsCanMakeAnotherOneTooShort() {
        var assembler = new Assembler();
        var first = new Label();
        var second = new Label();
        assembler.load(0);
        assembler.jumpIf(Condition.EQUAL, 1, first);
        assembler.jumpIf(Condition.EQUAL, 2, second);
        for (int i = 0; i < 254; i++) {
            assembler.result(0);
        }
        assembler.mark(first);
        assembler.result(1);
        for (int i = 0; i < 100; i++) {
            assembler.result(0);
        }
        assembler.mark(second);
        assembler.result(2);

        var program = new FilterInterpreter(assembler.assemble());

        assertThat(program.run(0, 0, 0, 0, 0, 0, 0, 0)).isZero();
        assertThat(program.run(0, 1, 0, 0, 0, 0, 0, 0)).isEqualTo(1);
        assertThat(program.run(0, 2, 0, 0, 0, 0, 0, 0)).isEqualTo(2);
    }

    @Test
    void constantsAreUnsigned() {
        var assembler = new Assembler();
        var high = new Label();
        assembler.load(0);
        assembler.jumpIf(Condition.AT_LEAST, 0x8000_0000L, high);
        assembler.result(0);
        assembler.mark(high);
        assembler.result(0x8000_0000L);

        var program = new FilterInterpreter(assembler.assemble());

        assertThat(program.run(0, -1, 0, 0, 0, 0, 0, 0)).isEqualTo(0x8000_0000L);
        assertThat(program.run(0, 1, 0, 0, 0, 0, 0, 0)).isZero();
    }

    @Test
    void whatTheKernelWouldRefuseIsNotWritten() {
        var tooLong = new Assembler();
        for (int i = 0; i <= Assembler.MOST_INSTRUCTIONS; i++) {
            tooLong.result(0);
        }
        var backwards = new Assembler();
        var start = new Label();
        backwards.mark(start);
        backwards.load(0);
        backwards.jumpIf(Condition.EQUAL, 1, start);
        var nowhere = new Assembler();
        nowhere.jump(new Label());

        assertThatIllegalStateException().isThrownBy(tooLong::assemble).withMessageContaining("4097");
        assertThatIllegalStateException().isThrownBy(backwards::assemble);
        assertThatIllegalStateException().isThrownBy(nowhere::assemble);
    }
}
