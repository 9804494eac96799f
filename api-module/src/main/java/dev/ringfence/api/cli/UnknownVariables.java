package dev.ringfence.api.cli;

import dev.ringfence.api.Settings;
import dev.ringfence.catalog.Suggestion;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Environment variables that look like settings and are none. Such a line in a file stops the start; a variable may be
 * meant for another program, so it is only told of.
 */
final class UnknownVariables {
    private static final String PREFIX = "RINGFENCE_";

    /** What the launcher and the command line know beside the settings, and what jobs are given. */
    private static final Set<String> OTHERS = Set.of(
            "RINGFENCE_URL",
            "RINGFENCE_API_KEY",
            "RINGFENCE_JAVA_OPTS",
            "RINGFENCE_NO_INSTALL",
            "RINGFENCE_WORKSPACE",
            "RINGFENCE_OUTPUT");

    /** What Kubernetes tells each pod of a service that is called ringfence. */
    private static final Pattern KUBERNETES = Pattern.compile("RINGFENCE_SERVICE_(HOST|PORT.*)|RINGFENCE_PORT_\\d.*");

    private static final String KUBERNETES_PORT = "RINGFENCE_PORT";

    private UnknownVariables() {}

    /** One sentence for each, without its value. */
    static List<String> of(Map<String, String> environment) {
        return of(environment, Settings.listed().keySet());
    }

    private static List<String> of(Map<String, String> environment, Collection<String> keys) {
        var names = new HashSet<>(OTHERS);
        keys.stream()
                .filter(key -> !key.contains("*"))
                .map(UnknownVariables::name)
                .forEach(names::add);
        var patterns = keys.stream()
                .filter(key -> key.contains("*"))
                .map(key -> Pattern.compile(name(key.replace("*", "\0")).replace("\0", ".+")))
                .toList();
        return environment.keySet().stream()
                .filter(name -> name.startsWith(PREFIX))
                .filter(name -> !names.contains(withoutIndex(name)))
                .filter(name -> patterns.stream()
                        .noneMatch(
                                pattern -> pattern.matcher(withoutIndex(name)).matches()))
                .filter(name -> !KUBERNETES.matcher(name).matches())
                .filter(name -> !(name.equals(KUBERNETES_PORT)
                        && environment.getOrDefault(name, "").startsWith("tcp://")))
                .sorted()
                .map(name -> "the environment variable " + name + " is no setting and does nothing"
                        + Suggestion.nearest(name, names)
                                .map(near -> "; did you mean " + near + "?")
                                .orElse("; `ringfence config show` lists the settings"))
                .toList();
    }

    private static String name(String key) {
        return key.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9\0]", "_");
    }

    /** The elements of a list may be set one by one. */
    private static String withoutIndex(String name) {
        return name.replaceFirst("_\\d+_?$", "");
    }
}
