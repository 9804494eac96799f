package dev.ringfence.blackbox;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** What was packaged: where it is, and how it is started. */
final class Packaged {
    private Packaged() {}

    /** {@code -Dringfence.command} if it is set, else what this build packaged. */
    static List<String> command(List<String> arguments) {
        var command = new ArrayList<>(program());
        command.addAll(arguments);
        return command;
    }

    static Path project() {
        return Objects.requireNonNull(module().getParent());
    }

    private static List<String> program() {
        var command = System.getProperty("ringfence.command");
        if (command != null) {
            return List.of(command.split(" "));
        }
        var target = module().resolve("target");
        if (System.getProperty("ringfence.form", "jvm").equals("native")) {
            return List.of(target.resolve("ringfence").toString());
        }
        var java = new ArrayList<String>();
        java.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        java.addAll(List.of(System.getProperty("ringfence.jvm.args", "").split(" ")));
        java.addAll(List.of("-XX:+UseSerialGC", "-jar"));
        java.add(target.resolve("quarkus-app/quarkus-run.jar").toString());
        java.removeIf(String::isEmpty);
        return java;
    }

    private static Path module() {
        return Path.of(System.getProperty("basedir", "")).toAbsolutePath();
    }
}
