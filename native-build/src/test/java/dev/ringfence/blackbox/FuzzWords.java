package dev.ringfence.blackbox;

import java.util.List;
import java.util.Random;

/** Texts that programs stumble over. */
final class FuzzWords {
    private static final List<String> WORDS = List.of(
            "",
            " ",
            ".",
            "..",
            "/",
            "//",
            "\0",
            "a\0b",
            "../../../../../../etc/passwd",
            "../canary/secret",
            "link/secret",
            "/proc/self/environ",
            "..\\..\\secret",
            "%2e%2e%2fcanary%2fsecret",
            "%00",
            "%",
            "%zz",
            "\r\nX-Injected: 1",
            "\n\n",
            "\u202e\u0000\ufeff",
            "💥",
            "ß\u0301",
            "-1",
            "0",
            "1",
            "2147483648",
            "9223372036854775807",
            "9223372036854775808",
            "99999999999999999999999999",
            "1e400",
            "-0.0",
            "NaN",
            "0x10",
            "true",
            "null",
            "{}",
            "[]",
            "\"",
            "'; --",
            "${7*7}",
            "$(true)",
            "tiny@1",
            "@",
            "a/b",
            "*",
            "bytes=0-",
            "bytes=-1",
            "bytes=5-2",
            "bytes=0-0,1-1",
            "bytes=9999999999999999999-",
            "wait=1",
            "wait=99999999999999999999",
            "wait=0, respond-async",
            "application/json;q=2",
            "text/event-stream, */*;q=0",
            "text/",
            "application/json; charset=utf-16",
            "multipart/form-data",
            "Bearer",
            "Bearer \u0001",
            "Basic YTpi",
            "2026-03-01T09:00:00Z",
            "2026-02-31T09:00:00Z",
            "+1000000000-12-31T23:59:59.999999999Z",
            "00000000-0000-0000-0000-000000000000",
            "completed",
            "stdout",
            "secure",
            "namespaces");

    private FuzzWords() {}

    static String any(Random random) {
        int which = random.nextInt(WORDS.size() + 6);
        if (which < WORDS.size()) {
            return WORDS.get(which);
        }
        return switch (which - WORDS.size()) {
            case 0 -> "x".repeat(1 + random.nextInt(300));
            case 1 -> "é".repeat(1 + random.nextInt(5_000));
            case 2 -> "../".repeat(1 + random.nextInt(500));
            case 3 -> Long.toString(random.nextLong());
            case 4 -> Integer.toString(random.nextInt(2_000));
            default -> characters(random);
        };
    }

    private static String characters(Random random) {
        var text = new StringBuilder();
        for (int i = random.nextInt(20); i >= 0; i--) {
            text.appendCodePoint(random.nextInt(random.nextBoolean() ? 0x80 : 0xd800));
        }
        return text.toString();
    }
}
