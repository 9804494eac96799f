package dev.ringfence.runner.capability;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * Puts stars in the place of secrets in a stream of bytes, also where they are cut in pieces or lie over each other. What
 * may be the beginning of a secret is held back until more is known. Each byte is looked at once for each secret (the
 * algorithm of Knuth, Morris and Pratt), whatever the secrets are. Used by one thread.
 */
final class SecretMask {
    static final String STARS = "***";

    private static final byte[] SHOWN = STARS.getBytes(StandardCharsets.UTF_8);

    private final List<Search> searches;
    private byte[] held = new byte[256];
    private boolean[] secret = new boolean[256];
    private int count;
    private boolean starred;

    SecretMask(Collection<String> secrets) {
        this.searches = secrets.stream()
                .map(text -> new Search(text.getBytes(StandardCharsets.UTF_8)))
                .toList();
    }

    /** What is known to be no part of a secret, with stars between. */
    byte[] next(byte[] chunk) {
        if (searches.isEmpty()) {
            return chunk;
        }
        for (byte each : chunk) {
            append(each);
            for (var search : searches) {
                int found = search.next(each);
                Arrays.fill(secret, count - found, count, true);
            }
        }
        return release(count - searches.stream().mapToInt(Search::begun).max().orElse(0));
    }

    /** The rest; nothing more comes. */
    byte[] end() {
        return release(count);
    }

    private void append(byte each) {
        if (count == held.length) {
            held = Arrays.copyOf(held, count * 2);
            secret = Arrays.copyOf(secret, count * 2);
        }
        held[count] = each;
        secret[count] = false;
        count++;
    }

    private byte[] release(int known) {
        var output = new ByteArrayOutputStream(known);
        for (int i = 0; i < known; i++) {
            if (!secret[i]) {
                output.write(held[i]);
            } else if (!starred) {
                output.writeBytes(SHOWN);
            }
            starred = secret[i];
        }
        count -= known;
        System.arraycopy(held, known, held, 0, count);
        System.arraycopy(secret, known, secret, 0, count);
        return output.toByteArray();
    }

    /** Looks for one secret. */
    private static final class Search {
        private final byte[] secret;

        /** For each length of a beginning: the longest shorter beginning that it ends with. */
        private final int[] fallback;

        private int matched;

        Search(byte[] secret) {
            this.secret = secret;
            this.fallback = new int[secret.length + 1];
            int shorter = 0;
            for (int length = 2; length <= secret.length; length++) {
                while (shorter > 0 && secret[shorter] != secret[length - 1]) {
                    shorter = fallback[shorter];
                }
                if (secret[shorter] == secret[length - 1]) {
                    shorter++;
                }
                fallback[length] = shorter;
            }
        }

        /** How many bytes the secret has when this one ends it, else zero. */
        int next(byte each) {
            while (matched > 0 && secret[matched] != each) {
                matched = fallback[matched];
            }
            if (secret[matched] == each) {
                matched++;
            }
            if (matched < secret.length) {
                return 0;
            }
            matched = fallback[matched];
            return secret.length;
        }

        /** How many of the last bytes may be the beginning of the secret. */
        int begun() {
            return matched;
        }
    }
}
