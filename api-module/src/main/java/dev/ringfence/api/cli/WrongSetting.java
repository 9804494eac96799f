package dev.ringfence.api.cli;

import dev.ringfence.api.Settings;
import java.util.Map;
import java.util.regex.Pattern;

/** Says what is wrong with a setting as an operator needs it: the key, the value, and what is possible. */
final class WrongSetting {
    /** What the configuration's library says of a value that it cannot read. */
    private static final Pattern UNREADABLE = Pattern.compile(
            ".*SRCFG00039: The config property (\\S+) with the config value \"(.*)\" threw an Exception whilst being converted (.*)",
            Pattern.DOTALL);

    /** How each of its converters complains, and what it takes. */
    private static final Map<Pattern, String> TAKEN = Map.of(
            Pattern.compile("Expected an? (integer|long|short) value"),
            "a whole number",
            Pattern.compile("Expected a (double|float) value"),
            "a number",
            Pattern.compile("Invalid duration"),
            "a time, such as 500ms or 10s",
            Pattern.compile("not in correct format \\(regular expression\\): \\[0-9]\\+\\[BbKk"),
            "a size in bytes, such as 512M or 2G");

    private static final Pattern CODE = Pattern.compile("^(java\\.[\\w.]+: )?SRCFG\\d+: ");

    private WrongSetting() {}

    /** @param complaint what the library says */
    static String explain(String complaint) {
        var unreadable = UNREADABLE.matcher(complaint);
        if (!unreadable.matches()) {
            return CODE.matcher(complaint).replaceFirst("");
        }
        var key = unreadable.group(1);
        var reason = unreadable.group(3);
        return key + " is \"" + Settings.shown(key, unreadable.group(2)) + "\"; "
                + TAKEN.entrySet().stream()
                        .filter(kind -> kind.getKey().matcher(reason).find())
                        .findFirst()
                        .map(kind -> "it must be " + kind.getValue())
                        .orElseGet(() -> Settings.isSecret(key)
                                ? "it cannot be read"
                                : CODE.matcher(reason).replaceFirst(""));
    }
}
