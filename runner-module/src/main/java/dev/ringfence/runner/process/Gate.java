package dev.ringfence.runner.process;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Holds a confined program before its first instruction: a few instructions before its filter ask about the execve
 * whose path lies at the very address that our start passes. The child shares our memory until then, so the address is
 * exact; later programs have other addresses, and one that has the same by chance is let through when it asks.
 */
final class Gate {
    static final int INSTRUCTIONS = 9;

    private static final int LOAD = 0x20;
    private static final int JUMP_EQUAL = 0x15;
    private static final int RETURN = 0x06;
    private static final int ASK = 0x7FC0_0000;
    private static final int NUMBER = 0;
    private static final int ARCHITECTURE = 4;
    private static final int FIRST_ARGUMENT = 16;

    private Gate() {}

    /** The filter with the gate before it. */
    static byte[] before(byte[] filter, long path) {
        var program = ByteBuffer.allocate(INSTRUCTIONS * 8 + filter.length).order(ByteOrder.LITTLE_ENDIAN);
        test(program, ARCHITECTURE, SystemCalls.AUDIT_ARCHITECTURE);
        test(program, NUMBER, SystemCalls.EXECVE);
        test(program, FIRST_ARGUMENT, (int) path);
        test(program, FIRST_ARGUMENT + 4, (int) (path >>> 32));
        put(program, RETURN, 0, ASK);
        return program.put(filter).array();
    }

    /** Goes on when a word has a value, and to the filter when not. */
    private static void test(ByteBuffer program, int offset, int value) {
        put(program, LOAD, 0, offset);
        int next = program.position() / 8 + 1;
        put(program, JUMP_EQUAL, INSTRUCTIONS - next, value);
    }

    private static void put(ByteBuffer program, int code, int otherwise, int constant) {
        program.putShort((short) code).put((byte) 0).put((byte) otherwise).putInt(constant);
    }
}
