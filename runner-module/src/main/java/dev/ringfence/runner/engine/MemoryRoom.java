package dev.ringfence.runner.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;

/**
 * The memory that engines may have together, and which of them have it. Who wants in waits for those who came before; for
 * the first of them, engines that nobody uses go, the longest unused first, and if that does not suffice, engines at work
 * take no new requests until they can go. Pinned engines stay. It decides and starts nothing itself. Not for several
 * threads.
 */
final class MemoryRoom {
    private final long budget;
    private final List<Tenant> inside = new ArrayList<>();
    private final List<Tenant> leaving = new ArrayList<>();
    private final Deque<Claim> claims = new ArrayDeque<>();

    /** @param budget in bytes */
    MemoryRoom(long budget) {
        this.budget = budget;
    }

    private record Claim(Tenant tenant, long arrival) {}

    /** An engine, as far as memory goes. */
    interface Tenant {
        long bytes();

        boolean pinned();

        /** Whether anybody still waits for it. */
        boolean wanted();

        /** Whether it is up and nobody uses it. */
        boolean evictable();

        /** Counts up; the larger, the later. */
        long lastUse();

        /** There is room; {@link MemoryRoom#left} follows when it is not needed any more. */
        void admitted();

        /** There will never be room, since so much is the most that there can be for it. */
        void refused(long most);

        /** Nobody wanted it any more. */
        void abandoned();

        void awaitsRoom();

        /** It has to go; {@link MemoryRoom#left} follows. */
        void evict();

        /** Requests that came after this one have to wait. */
        void yieldTo(long arrival);

        void yieldNot();
    }

    /** Asks for room; {@link #settle} answers. */
    void claim(Tenant tenant, long arrival) {
        claims.add(new Claim(tenant, arrival));
    }

    /** It needs none any more; {@link #settle} gives it to others. */
    void left(Tenant tenant) {
        inside.remove(tenant);
        leaving.remove(tenant);
        claims.removeIf(claim -> claim.tenant().equals(tenant));
    }

    /** In bytes. */
    long used() {
        return bytes(inside);
    }

    /** Decides what can be decided now. */
    void settle() {
        while (!claims.isEmpty()) {
            var claim = claims.element();
            var tenant = claim.tenant();
            long most = budget
                    - inside.stream()
                            .filter(Tenant::pinned)
                            .mapToLong(Tenant::bytes)
                            .sum();
            if (!tenant.wanted()) {
                claims.remove();
                tenant.abandoned();
            } else if (tenant.bytes() > most) {
                claims.remove();
                tenant.refused(most);
            } else if (used() + tenant.bytes() <= budget) {
                claims.remove();
                inside.add(tenant);
                tenant.admitted();
            } else {
                makeRoom(claim);
                claims.forEach(waiting -> waiting.tenant().awaitsRoom());
                return;
            }
        }
        inside.forEach(Tenant::yieldNot);
    }

    private void makeRoom(Claim claim) {
        long missing = used() + claim.tenant().bytes() - budget - bytes(leaving);
        var victims = new ArrayList<Tenant>();
        var candidates = inside.stream()
                .filter(tenant -> !tenant.pinned() && !leaving.contains(tenant))
                .sorted(Comparator.comparing((Tenant tenant) -> !tenant.evictable())
                        .thenComparingLong(Tenant::lastUse))
                .toList();
        for (var candidate : candidates) {
            if (missing > 0) {
                missing -= candidate.bytes();
                victims.add(candidate);
            } else {
                candidate.yieldNot();
            }
        }
        // All at once or none: what goes early is missed by those who would have used it meanwhile.
        boolean now = victims.stream().allMatch(Tenant::evictable);
        for (var victim : victims) {
            if (now) {
                leaving.add(victim);
                victim.evict();
            } else {
                victim.yieldTo(claim.arrival());
            }
        }
    }

    private static long bytes(List<Tenant> tenants) {
        return tenants.stream().mapToLong(Tenant::bytes).sum();
    }
}
