package dev.ringfence.runner.abuse;

import dev.ringfence.catalog.FenceTier;
import java.util.ArrayList;
import java.util.List;

/**
 * A service under attack.
 *
 * @param root whether it is root; otherwise nobody
 * @param groups whether it has control groups, as root has or as systemd gives them with {@code Delegate=yes}
 */
record Setup(FenceTier tier, boolean root, boolean groups) {
    static List<Setup> all() {
        var all = new ArrayList<Setup>();
        for (var tier : FenceTier.values()) {
            for (boolean root : List.of(true, false)) {
                for (boolean groups : List.of(true, false)) {
                    all.add(new Setup(tier, root, groups));
                }
            }
        }
        return all;
    }

    @Override
    public String toString() {
        return "a service that is " + (root ? "root" : "an ordinary user") + (groups ? " with" : " without")
                + " control groups, in the tier " + tier.externalName();
    }
}
