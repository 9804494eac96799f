package dev.ringfence.wal.journal;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * What two submissions have in common if and only if they ask for the same: a hash of session, capability, arguments,
 * profile, deadline, retries, priority, demanded tier, the job that is repeated and the webhook. The order of an object's
 * fields and the way a number is written make no difference.
 */
public final class RequestHash {
    private RequestHash() {}

    /** In 64 hexadecimal digits. */
    public static String of(JobEvent.Submitted request) {
        var digest = Hashes.sha256();
        text(digest, request.session() == null ? "" : request.session());
        text(digest, request.capability());
        text(digest, request.profile());
        text(digest, Long.toString(request.deadline().toMillis()));
        text(digest, Integer.toString(request.retries()));
        value(digest, request.arguments());
        // Only if there: requests that were hashed before these existed keep their hash.
        ifThere(digest, "priority", request.priority() == 0 ? null : Integer.toString(request.priority()));
        ifThere(digest, "tier", request.tier());
        ifThere(digest, "retry_of", request.retryOf());
        ifThere(digest, "webhook", request.webhook());
        return HexFormat.of().formatHex(digest.digest());
    }

    private static void ifThere(MessageDigest digest, String name, @Nullable String value) {
        if (value != null) {
            text(digest, name);
            text(digest, value);
        }
    }

    private static void value(MessageDigest digest, JsonNode json) {
        switch (json.getNodeType()) {
            case OBJECT -> {
                var names = new ArrayList<String>();
                json.fieldNames().forEachRemaining(names::add);
                Collections.sort(names);
                text(digest, "{" + names.size());
                for (var name : names) {
                    text(digest, name);
                    value(digest, json.path(name));
                }
            }
            case ARRAY -> {
                text(digest, "[" + json.size());
                json.forEach(item -> value(digest, item));
            }
            case STRING -> text(digest, "\"" + json.textValue());
            case NUMBER -> text(digest, "#" + number(json));
            default -> text(digest, "=" + json);
        }
    }

    private static String number(JsonNode json) {
        if (json.isFloatingPointNumber() && !Double.isFinite(json.doubleValue()) && !json.isBigDecimal()) {
            return json.asText();
        }
        var decimal = json.decimalValue();
        // Never as plain digits: 1e999999999 would be a gigabyte.
        return decimal.signum() == 0 ? "0" : stripped(decimal);
    }

    private static String stripped(BigDecimal number) {
        return number.stripTrailingZeros().toString();
    }

    /** With its length before it, so that no two sequences of texts give the same bytes. */
    private static void text(MessageDigest digest, String text) {
        var bytes = bytes(text);
        for (int shift = 24; shift >= 0; shift -= 8) {
            digest.update((byte) (bytes.length >>> shift));
        }
        digest.update(bytes);
    }

    /**
     * Different ones of different texts. Half of a surrogate pair has no UTF-8, where it would become a question mark; a text
     * with one is taken as it is in memory, behind a byte that no UTF-8 begins with.
     */
    private static byte[] bytes(String text) {
        if (StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            return text.getBytes(StandardCharsets.UTF_8);
        }
        var bytes = ByteBuffer.allocate(1 + Character.BYTES * text.length()).put((byte) 0xff);
        bytes.asCharBuffer().put(text);
        return bytes.array();
    }
}
