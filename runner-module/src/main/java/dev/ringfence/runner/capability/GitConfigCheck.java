package dev.ringfence.runner.capability;

import dev.ringfence.runner.files.Refused;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Looks through the names of a repository's own settings: only those that cannot make git run a program, leave the
 * repository or talk to others are let through. Such settings come from whoever wrote the repository's files.
 */
final class GitConfigCheck {
    private static final List<Pattern> HARMLESS = List.of(
                    "core\\.(repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|precomposeunicode"
                            + "|symlinks|autocrlf|eol|safecrlf|abbrev|quotepath|sharedrepository|compression)",
                    "remote\\..*\\.(url|fetch|tagopt|prune|pushurl)",
                    "branch\\..*\\.(remote|merge|rebase|description)",
                    "branch\\.(autosetupmerge|autosetuprebase)",
                    "user\\.(name|email|useconfigonly)",
                    "pull\\.(rebase|ff)",
                    "merge\\.(conflictstyle|ff)",
                    "init\\.defaultbranch",
                    "extensions\\.objectformat",
                    "color\\..*",
                    "advice\\..*",
                    "status\\.[a-z]*",
                    "gc\\..*",
                    "pack\\.[a-z]*",
                    "fetch\\.prune",
                    "push\\.default")
            .stream()
            .map(rule -> Pattern.compile(rule, Pattern.DOTALL))
            .toList();

    private GitConfigCheck() {}

    /**
     * @param names as {@code git config --list --name-only -z} prints them
     * @throws Refused when one is not known to be harmless; type {@code repository-refused}
     */
    static void check(String names) {
        for (var name : names.split("\0", -1)) {
            var key = name.toLowerCase(Locale.ROOT);
            if (!key.isEmpty()
                    && HARMLESS.stream().noneMatch(rule -> rule.matcher(key).matches())) {
                throw new Refused(
                        "repository-refused",
                        "the repository's own settings have " + key.replaceAll("\\p{Cntrl}", "?")
                                + ", which could make git run programs or go elsewhere; remove it with git config --unset");
            }
        }
    }
}
