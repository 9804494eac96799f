package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Variables that a caller gives a program, some of them secret.
 *
 * @param plain names and values that may be seen
 * @param secret names and values that no result, event, log or journal shows
 */
record Environment(Map<String, String> plain, Map<String, String> secret) {
    private static final String PLAIN = "env";
    private static final String SECRET = "secret_env";

    /** A shorter one would be found in all kinds of output. */
    private static final int SHORTEST_SECRET = 4;

    private static final int LONGEST_SECRET = 4096;
    private static final int MOST_SECRETS = 16;
    private static final int LONGEST = 128 * 1024 - 1;
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,127}");

    /** What would change how programs of the fence itself start, before they have given up their rights (ld.so(8)). */
    private static final Pattern LOADER = Pattern.compile(
            "LD_.*|GLIBC_.*|MALLOC_.*|RESOLV_.*|GCONV_PATH|GETCONF_DIR|HOSTALIASES|LOCALDOMAIN|LOCPATH|NIS_PATH|NLSPATH"
                    + "|RES_OPTIONS|TZDIR");

    private static final Set<String> OWN = Set.of("RINGFENCE_WORKSPACE", "RINGFENCE_OUTPUT");

    Environment {
        plain = Map.copyOf(plain);
        secret = Map.copyOf(secret);
    }

    /**
     * Reads it from arguments that keep the schema.
     *
     * @throws InvalidArguments when a name or a value is not possible
     */
    static Environment of(JsonNode arguments) {
        var violations = new ArrayList<String>();
        var plain = values(arguments, PLAIN, violations);
        var secret = values(arguments, SECRET, violations);
        secret.forEach((name, value) -> {
            var place = "/" + SECRET + "/" + name;
            if (plain.containsKey(name)) {
                violations.add(place + " is in /" + PLAIN + " as well: give it once");
            }
            int length = value.getBytes(StandardCharsets.UTF_8).length;
            if (length < SHORTEST_SECRET || length > LONGEST_SECRET) {
                violations.add(place + " has " + length + " bytes in UTF-8, and a secret must have from "
                        + SHORTEST_SECRET + " to " + LONGEST_SECRET + " to be masked; pass others in /" + PLAIN);
            }
        });
        if (secret.size() > MOST_SECRETS) {
            violations.add("/" + SECRET + " has " + secret.size() + " variables, and may have at most " + MOST_SECRETS);
        }
        if (!violations.isEmpty()) {
            throw new InvalidArguments(violations);
        }
        return new Environment(plain, secret);
    }

    private static Map<String, String> values(JsonNode arguments, String key, List<String> violations) {
        var values = new HashMap<String, String>();
        for (var variable : arguments.path(key).properties()) {
            var name = variable.getKey();
            var place = "/" + key + "/" + name;
            var value = variable.getValue();
            if (!NAME.matcher(name).matches()) {
                violations.add(place + " is no name of a variable: letters, digits and _, and no digit first");
            } else if (LOADER.matcher(name).matches() || OWN.contains(name)) {
                violations.add(place + " cannot be set for the whole job; set it in the command, before the program");
            } else if (value.isNull()) {
                violations.add(place + " has no value: secrets are not kept, so a job that waited across a restart of"
                        + " the service lost it; submit the job again");
            } else if (value.asText().indexOf('\0') >= 0
                    || value.asText().getBytes(StandardCharsets.UTF_8).length > LONGEST) {
                violations.add(place + " holds a NUL character, or more than " + LONGEST + " bytes in UTF-8");
            } else {
                values.put(name, value.asText());
            }
        }
        return values;
    }

    /** The same with stars in place of what is secret. */
    Environment masked() {
        var names = new HashMap<String, String>();
        secret.keySet().forEach(name -> names.put(name, SecretMask.STARS));
        return new Environment(plain, names);
    }

    /** The same arguments as they may be written down. */
    static JsonNode withoutSecrets(JsonNode arguments) {
        if (!arguments.path(SECRET).isObject()) {
            return arguments;
        }
        ObjectNode copy = arguments.deepCopy();
        var masked = copy.putObject(SECRET);
        arguments.path(SECRET).fieldNames().forEachRemaining(masked::putNull);
        return copy;
    }
}
