package dev.ringfence.wal.log;

import dev.ringfence.wal.log.MemoryDisk.Operation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** The disk's side of a life. Guarded by the disk. */
public final class World implements MemoryDisk.Fault {
    private final MemoryDisk disk;
    private final Plan plan;
    private final Random luck;
    private int seen;
    private volatile boolean happened;
    private volatile boolean dead;
    private @Nullable MemoryDisk left;

    /** What is to happen to the disk. */
    public World(MemoryDisk disk, Plan plan, Random luck) {
        this.disk = disk;
        this.plan = plan;
        this.luck = luck;
    }

    /** How many operations came that the plan is about. */
    public int operations() {
        synchronized (disk) {
            return seen;
        }
    }

    /** Whether anything has gone wrong yet. */
    public boolean hasHappened() {
        return happened;
    }

    /** Whether the life is over. */
    public boolean isDead() {
        return dead;
    }

    @Override
    public void before(Operation operation, Path file) throws IOException {
        if (dead) {
            left();
            throw new MemoryDisk.Died();
        }
        if (!plan.operations().contains(operation) || !plan.files().test(file)) {
            return;
        }
        var number = seen++;
        if (number < plan.at() || number >= plan.at() + plan.count()) {
            return;
        }
        happened = plan.kind() != Plan.Kind.NOTHING;
        switch (plan.kind()) {
            case NOTHING -> {}
            case BROKEN -> throw new IOException(MemoryDisk.BROKEN);
            case FULL -> throw new IOException(MemoryDisk.FULL);
            case TOO_MANY_FILES -> throw new IOException(MemoryDisk.TOO_MANY);
            case KILLED, POWER_LOST -> {
                dead = true;
                if (operation != Operation.WRITE) {
                    left();
                }
                // A write is cut in half first; what is left is seen at the next operation.
                throw new MemoryDisk.Died();
            }
        }
    }

    /** What this life leaves to the next. */
    public MemoryDisk left() {
        synchronized (disk) {
            if (left == null) {
                // Whatever else went wrong, the end may always come with the power's.
                left = plan.kind() == Plan.Kind.POWER_LOST || (plan.kind() != Plan.Kind.KILLED && luck.nextInt(3) == 0)
                        ? disk.afterPowerLoss(luck, luck.nextInt(3) / 2.0)
                        : disk.afterKill();
            }
            return left;
        }
    }
}
