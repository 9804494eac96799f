package dev.ringfence.wal.log;

import dev.ringfence.wal.log.MemoryDisk.Operation;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;

/**
 * What goes wrong in a life.
 *
 * @param operations of these kinds
 * @param files and with these files
 * @param at from which one on
 * @param count how many of them
 */
public record Plan(Kind kind, Set<Operation> operations, Predicate<Path> files, int at, int count) {
    /** How it goes wrong. */
    public enum Kind {
        NOTHING,
        KILLED,
        POWER_LOST,
        BROKEN,
        FULL,
        TOO_MANY_FILES;

        /** What can go wrong in this way. */
        public Set<Operation> operations() {
            return switch (this) {
                case NOTHING -> EnumSet.noneOf(Operation.class);
                case KILLED, POWER_LOST, BROKEN -> EnumSet.allOf(Operation.class);
                case FULL -> EnumSet.of(Operation.WRITE, Operation.CREATE, Operation.RENAME);
                case TOO_MANY_FILES ->
                    EnumSet.of(Operation.LIST, Operation.OPEN, Operation.CREATE, Operation.OPEN_DIRECTORY);
            };
        }
    }

    public static final Plan NOTHING = new Plan(Kind.NOTHING, Kind.NOTHING.operations(), 0, 0);

    /** With any file. */
    public Plan(Kind kind, Set<Operation> operations, int at, int count) {
        this(kind, operations, _ -> true, at, count);
    }

    /** As luck has it, within so many operations. */
    public static Plan random(Random luck, int within) {
        var kind = any(luck, Kind.values());
        var at = luck.nextInt(1 + luck.nextInt(within));
        var operations = kind == Kind.BROKEN ? EnumSet.of(any(luck, Operation.values())) : kind.operations();
        return new Plan(kind, operations, at, 1 + luck.nextInt(6));
    }

    private static <T> T any(Random luck, T[] all) {
        return all[luck.nextInt(all.length)];
    }
}
