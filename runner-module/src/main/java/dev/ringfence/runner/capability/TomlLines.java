package dev.ringfence.runner.capability;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** On which line each key of a TOML document stands, which its tree does not tell. For documents that were parsed. */
final class TomlLines {
    private static final Pattern HEADER = Pattern.compile("^\\s*\\[\\[?\\s*([^\\]]+?)\\s*]");
    private static final Pattern KEY =
            Pattern.compile("^\\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\\s*\\.\\s*[A-Za-z0-9_-]+)*)\\s*=(.*)$");

    private final Map<String, Integer> lines = new HashMap<>();

    TomlLines(String document) {
        var table = "";
        var open = "";
        int depth = 0;
        int number = 0;
        for (var line : document.split("\n", -1)) {
            number++;
            if (!open.isEmpty()) {
                open = line.contains(open) ? "" : open;
                continue;
            }
            var header = HEADER.matcher(line);
            var key = KEY.matcher(line);
            var value = line;
            if (depth == 0 && header.find()) {
                table = plain(header.group(1));
                lines.putIfAbsent(table, number);
                continue;
            } else if (depth == 0 && key.find()) {
                var name = plain(key.group(1));
                lines.putIfAbsent(table.isEmpty() ? name : table + "." + name, number);
                value = key.group(2);
            }
            open = leftOpen(value);
            depth += open.isEmpty() ? brackets(value) : 0;
        }
    }

    /** The line of a key, or of the nearest table around it. */
    int of(String key) {
        for (var place = key; !place.isEmpty(); ) {
            var line = lines.get(place);
            if (line != null) {
                return line;
            }
            int dot = place.lastIndexOf('.');
            place = dot < 0 ? "" : place.substring(0, dot);
        }
        return 1;
    }

    private static String plain(String key) {
        return key.replaceAll("\\s*\\.\\s*", ".").replace("\"", "").replace("'", "");
    }

    /** The quotes of a text that goes on in the next line. */
    private static String leftOpen(String value) {
        for (var quotes : new String[] {"\"\"\"", "'''"}) {
            int begin = value.indexOf(quotes);
            if (begin >= 0 && value.indexOf(quotes, begin + 3) < 0) {
                return quotes;
            }
        }
        return "";
    }

    private static int brackets(String value) {
        int depth = 0;
        char quote = 0;
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (quote != 0) {
                if (c == '\\' && quote == '"') {
                    i++;
                } else if (c == quote) {
                    quote = 0;
                }
            } else if (c == '"' || c == '\'') {
                quote = c;
            } else if (c == '#') {
                break;
            } else if (c == '[' || c == '{') {
                depth++;
            } else if (c == ']' || c == '}') {
                depth--;
            }
        }
        return depth;
    }
}
