package dev.ringfence.runner.engine;

/** Cuts text of others to a size that fits a message. */
final class Texts {
    private Texts() {}

    static String clip(String text, int length) {
        return text.length() <= length ? text : text.substring(0, length) + "…";
    }
}
