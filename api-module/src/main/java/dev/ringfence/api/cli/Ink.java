package dev.ringfence.api.cli;

import picocli.CommandLine.Help.Ansi;

/** Colours where a terminal can show them. */
final class Ink {
    private final boolean coloured;

    private Ink(boolean coloured) {
        this.coloured = coloured;
    }

    static Ink forTerminal() {
        return new Ink(Ansi.AUTO.enabled());
    }

    String bold(String text) {
        return wrap("1", text);
    }

    String dim(String text) {
        return wrap("2", text);
    }

    String good(String text) {
        return wrap("32", text);
    }

    String bad(String text) {
        return wrap("31", text);
    }

    private String wrap(String code, String text) {
        return coloured ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }
}
