package dev.ringfence.runner.fence;

import java.util.BitSet;
import java.util.concurrent.ThreadLocalRandom;

/** Hands out users, one for each fence at a time. Thread-safe. */
final class JobUsers {
    private final int first;
    private final int count;

    /** Another one in each service, in case that two were given the same range. */
    private final int begin;

    private final BitSet taken = new BitSet();

    JobUsers(int first, int count) {
        this.first = first;
        this.count = count;
        this.begin = ThreadLocalRandom.current().nextInt(count);
    }

    synchronized int take() {
        int free = taken.nextClearBit(begin);
        if (free >= count) {
            free = taken.nextClearBit(0);
        }
        if (free >= count) {
            throw new FenceException.Broken("all " + count + " users of the jobs' range are in use");
        }
        taken.set(free);
        return first + free;
    }

    synchronized void giveBack(int user) {
        taken.clear(user - first);
    }
}
