package dev.ringfence.catalog;

import java.io.IOException;

/** A file is no GGUF file that an engine could load; the message says where it goes wrong. */
public final class GgufException extends IOException {
    private static final long serialVersionUID = 1L;

    GgufException(String message) {
        super(message);
    }
}
