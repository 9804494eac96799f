package dev.ringfence.runner.fence.seccomp;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Runs a filter as the kernel does, and refuses every instruction that the kernel's checker refuses. */
final class FilterInterpreter {
    static final long ALLOW = 0x7FFF_0000L;
    static final long KILL_PROCESS = 0x8000_0000L;

    private final ByteBuffer program;
    private final int length;

    FilterInterpreter(byte[] program) {
        if (program.length == 0 || program.length % 8 != 0 || program.length / 8 > 4096) {
            throw new IllegalArgumentException("not a program: " + program.length + " bytes");
        }
        this.program = ByteBuffer.wrap(program).order(ByteOrder.LITTLE_ENDIAN);
        this.length = program.length / 8;
    }

    static long error(int number) {
        return 0x0005_0000L | number;
    }

    /** The answer to one system call. */
    long run(long architecture, int number, long... arguments) {
        var data = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        data.putInt(number).putInt((int) architecture).putLong(0x7F00_0000_1234L);
        for (var argument : arguments) {
            data.putLong(argument);
        }
        long accumulator = 0;
        var steps = 0;
        for (int at = 0; ; at++) {
            if (at >= length || ++steps > length) {
                throw new IllegalStateException("ran off the program at " + at);
            }
            var code = program.getShort(at * 8) & 0xFFFF;
            var ifTrue = program.get(at * 8 + 2) & 0xFF;
            var ifFalse = program.get(at * 8 + 3) & 0xFF;
            var constant = program.getInt(at * 8 + 4) & 0xFFFF_FFFFL;
            switch (code) {
                case 0x20 -> {
                    if (constant % 4 != 0 || constant > 60) {
                        throw new IllegalStateException("loads outside the data: " + constant);
                    }
                    accumulator = data.getInt((int) constant) & 0xFFFF_FFFFL;
                }
                case 0x54 -> accumulator &= constant;
                case 0x05 -> at += Math.toIntExact(constant);
                case 0x15 -> at += accumulator == constant ? ifTrue : ifFalse;
                case 0x35 -> at += accumulator >= constant ? ifTrue : ifFalse;
                case 0x45 -> at += (accumulator & constant) != 0 ? ifTrue : ifFalse;
                case 0x06 -> {
                    return constant;
                }
                default -> throw new IllegalStateException("instruction " + code + " at " + at);
            }
        }
    }
}
