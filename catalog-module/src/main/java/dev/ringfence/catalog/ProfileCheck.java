package dev.ringfence.catalog;

import java.util.List;

/** What is to be known of profiles beyond their form, by whoever enforces them. */
@FunctionalInterface
public interface ProfileCheck {
    /** Takes every profile. */
    ProfileCheck NONE = _ -> List.of();

    /** Why its list of allowed system calls can be used on no fence of this host, each with a remedy; empty if it can. */
    List<String> wrongWithSyscalls(SandboxProfile profile);
}
