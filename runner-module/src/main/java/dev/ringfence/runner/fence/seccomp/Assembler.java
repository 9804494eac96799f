package dev.ringfence.runner.fence.seccomp;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Writes classic BPF programs for seccomp. A conditional jump reaches 255 instructions; where its target is further
 * away, it jumps over an unconditional one that reaches everything.
 */
final class Assembler {
    /** The kernel takes no more ({@code BPF_MAXINSNS}). */
    static final int MOST_INSTRUCTIONS = 4096;

    static final int INSTRUCTION_BYTES = 8;

    private static final int LOAD_WORD = 0x20;
    private static final int AND = 0x54;
    private static final int JUMP = 0x05;
    private static final int RETURN = 0x06;
    private static final int MOST_NEAR = 255;

    /** When a conditional jump is taken; the loaded word and the constant are unsigned. */
    enum Condition {
        EQUAL(0x15),
        AT_LEAST(0x35),
        ANY_BIT(0x45);

        private final int code;

        Condition(int code) {
            this.code = code;
        }
    }

    /** A place that can be jumped to, forwards only. */
    static final class Label {}

    private sealed interface Item {}

    private record Plain(int code, long constant) implements Item {}

    private record Branch(Condition condition, long constant, Label target) implements Item {}

    private record Goto(Label target) implements Item {}

    private record Mark(Label label) implements Item {}

    private final List<Item> items = new ArrayList<>();

    /** Loads the 32-bit word at an offset of {@code struct seccomp_data}. */
    void load(int offset) {
        items.add(new Plain(LOAD_WORD, offset));
    }

    void and(long mask) {
        items.add(new Plain(AND, mask));
    }

    void jumpIf(Condition condition, long constant, Label target) {
        items.add(new Branch(condition, constant, target));
    }

    void jump(Label target) {
        items.add(new Goto(target));
    }

    void result(long value) {
        items.add(new Plain(RETURN, value));
    }

    void mark(Label label) {
        items.add(new Mark(label));
    }

    /**
     * The program as an array of {@code struct sock_filter}.
     *
     * @throws IllegalStateException when the program is too long for the kernel, or jumps backwards or nowhere
     */
    byte[] assemble() {
        var far = far();
        var positions = positions(far);
        var length = items.stream().mapToInt(item -> length(item, far)).sum();
        if (length > MOST_INSTRUCTIONS) {
            throw new IllegalStateException("a filter of " + length + " instructions is too long for the kernel");
        }
        var program = ByteBuffer.allocate(length * INSTRUCTION_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (var item : items) {
            var here = program.position() / INSTRUCTION_BYTES;
            switch (item) {
                case Plain plain -> put(program, plain.code(), 0, 0, plain.constant());
                case Goto jump -> put(program, JUMP, 0, 0, distance(here, jump.target(), positions));
                case Branch branch
                when far.contains(branch) -> {
                    put(program, branch.condition().code, 0, 1, branch.constant());
                    put(program, JUMP, 0, 0, distance(here + 1, branch.target(), positions));
                }
                case Branch branch -> {
                    var distance = distance(here, branch.target(), positions);
                    put(program, branch.condition().code, distance, 0, branch.constant());
                }
                case Mark _ -> {}
            }
        }
        return program.array();
    }

    /** Making one jump far moves others, so this repeats until none is left that is too short. */
    private Set<Item> far() {
        var far = Collections.<Item>newSetFromMap(new IdentityHashMap<>());
        var before = -1;
        while (far.size() > before) {
            before = far.size();
            var positions = positions(far);
            var here = 0;
            for (var item : items) {
                var length = length(item, far);
                if (item instanceof Branch branch && distance(here, branch.target(), positions) > MOST_NEAR) {
                    far.add(branch);
                }
                here += length;
            }
        }
        return far;
    }

    private Map<Label, Integer> positions(Set<Item> far) {
        var positions = new IdentityHashMap<Label, Integer>();
        var here = 0;
        for (var item : items) {
            if (item instanceof Mark(Label label)) {
                positions.put(label, here);
            }
            here += length(item, far);
        }
        return positions;
    }

    private static int length(Item item, Set<Item> far) {
        return switch (item) {
            case Mark _ -> 0;
            case Branch branch when far.contains(branch) -> 2;
            case Branch _, Plain _, Goto _ -> 1;
        };
    }

    private static int distance(int from, Label target, Map<Label, Integer> positions) {
        var to = positions.get(target);
        if (to == null || to <= from) {
            throw new IllegalStateException("a filter cannot jump backwards or nowhere");
        }
        return to - from - 1;
    }

    private static void put(ByteBuffer program, int code, int ifTrue, int ifFalse, long constant) {
        program.putShort((short) code).put((byte) ifTrue).put((byte) ifFalse).putInt((int) constant);
    }
}
