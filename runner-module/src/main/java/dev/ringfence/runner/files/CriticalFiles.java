package dev.ringfence.runner.files;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Files that are never written for an agent, since a program or a person would later run, or trust, what they say. A rule
 * is one name or several joined by {@code /}; {@code *} stands for any part of a name. It holds wherever the names
 * follow each other in a path, whatever comes before and behind, and whatever their case.
 */
public final class CriticalFiles {
    /** What is refused when an operator says nothing else. */
    public static final List<String> DEFAULTS = List.of(
            ".env",
            ".env.*",
            ".envrc",
            ".bashrc",
            ".bash_profile",
            ".bash_login",
            ".bash_logout",
            ".profile",
            ".zshrc",
            ".zshenv",
            ".zprofile",
            ".zlogin",
            ".ssh",
            "authorized_keys",
            ".gnupg",
            ".netrc",
            ".git-credentials",
            ".gitconfig",
            ".git/hooks",
            ".git/config",
            ".git/config.worktree",
            ".git/info/attributes",
            ".aws",
            ".kube",
            ".docker",
            ".config/git",
            ".npmrc",
            ".pypirc",
            "crontab",
            ".config/autostart",
            ".config/systemd");

    private final List<Rule> rules;

    private record Rule(String text, List<Pattern> names) {}

    /**
     * @throws IllegalArgumentException when a rule has an empty name
     */
    public CriticalFiles(List<String> rules) {
        this.rules = rules.stream().map(CriticalFiles::rule).toList();
    }

    /** The first rule that a path breaks. */
    Optional<String> broken(FilePath path) {
        return rules.stream()
                .filter(rule -> matches(rule.names(), path.names()))
                .map(Rule::text)
                .findFirst();
    }

    private static boolean matches(List<Pattern> rule, List<String> names) {
        for (int from = 0; from + rule.size() <= names.size(); from++) {
            boolean all = true;
            for (int i = 0; i < rule.size() && all; i++) {
                all = rule.get(i)
                        .matcher(names.get(from + i).toLowerCase(Locale.ROOT))
                        .matches();
            }
            if (all) {
                return true;
            }
        }
        return false;
    }

    private static Rule rule(String text) {
        var names = List.of(text.split("/", -1)).stream()
                .map(name -> {
                    if (name.isEmpty()) {
                        throw new IllegalArgumentException(
                                "ringfence.files.critical: \"" + text + "\" has an empty name");
                    }
                    return Pattern.compile(
                            Pattern.quote(name.toLowerCase(Locale.ROOT)).replace("*", "\\E[^/]*\\Q"), Pattern.DOTALL);
                })
                .toList();
        return new Rule(text, names);
    }
}
