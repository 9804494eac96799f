package dev.ringfence.runner.capability;

import dev.ringfence.runner.files.FilePath;
import dev.ringfence.runner.files.FileRoot;
import dev.ringfence.runner.process.ProgramInput;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * How git is started: what is given on its command line wins over a repository's own settings (git-config(1)), and what
 * could run a program or ask a person is set to nothing.
 */
final class GitCommand {
    private static final List<String> SETTINGS = List.of(
            "core.hooksPath=/dev/null",
            "core.fsmonitor=false",
            "core.pager=cat",
            "core.editor=:",
            "core.askPass=",
            "core.sshCommand=/bin/false",
            "core.gitProxy=",
            "core.attributesFile=/dev/null",
            "core.excludesFile=/dev/null",
            "core.alternateRefsCommand=",
            "credential.helper=",
            "credential.interactive=false",
            "safe.directory=*",
            "safe.bareRepository=explicit",
            "submodule.recurse=false",
            "fetch.recurseSubmodules=false",
            "diff.external=",
            "interactive.diffFilter=",
            "sequence.editor=:",
            "gpg.program=/bin/false",
            "commit.gpgSign=false",
            "tag.gpgSign=false",
            "log.showSignature=false",
            "gc.auto=0",
            "maintenance.auto=false",
            "http.followRedirects=false",
            "http.cookieFile=",
            "transfer.fsckObjects=true",
            "transfer.bundleURI=false",
            "protocol.allow=never",
            "init.defaultBranch=main");

    /** Certificates that programs trust, where distributions keep them. */
    private static final List<Path> TRUST =
            List.of(Path.of("/etc/ssl/certs"), Path.of("/etc/ca-certificates"), Path.of("/etc/pki/tls/certs"));

    /** How names are resolved in a fence with the host's network. */
    private static final List<Path> NAMES = List.of(Path.of("/etc/resolv.conf"), Path.of("/etc/hosts"));

    private final GitSettings settings;
    private final FileRoot workspace;
    private final String directory;

    /**
     * Of one job.
     *
     * @param workspace as its programs see it
     * @param directory of the repository in it
     */
    GitCommand(GitSettings settings, FileRoot workspace, FilePath directory) {
        this.settings = settings;
        this.workspace = workspace;
        this.directory = workspace.inside().resolve(directory.toString()).toString();
    }

    FileRoot workspace() {
        return workspace;
    }

    String directory() {
        return directory;
    }

    /** A command that needs no repository. */
    FencedScript.Step outside(List<String> options, List<String> command) {
        return step(options, List.of(), command, Map.of(), false);
    }

    /** A command in the repository. */
    FencedScript.Step in(List<String> options, List<String> command) {
        return step(options, List.of("-C", directory), command, Map.of(), false);
    }

    /** A command in the repository in somebody's name. */
    FencedScript.Step as(String author, List<String> command) {
        int email = author.lastIndexOf(" <");
        var name = author.substring(0, email);
        var address = author.substring(email + 2, author.length() - 1);
        return step(
                List.of(),
                List.of("-C", directory),
                command,
                Map.of(
                        "GIT_AUTHOR_NAME", name,
                        "GIT_AUTHOR_EMAIL", address,
                        "GIT_COMMITTER_NAME", name,
                        "GIT_COMMITTER_EMAIL", address),
                false);
    }

    /** Prints the names of the repository's own settings, for {@link GitConfigCheck}. */
    FencedScript.Step settings() {
        var command = List.of("config", "--local", "--includes", "--list", "--name-only", "-z");
        return step(List.of(), List.of("-C", directory), command, Map.of(), true);
    }

    private FencedScript.Step step(
            List<String> options, List<String> place, List<String> command, Map<String, String> more, boolean quiet) {
        var argv = new ArrayList<String>();
        argv.add("/usr/bin/git");
        Stream.concat(SETTINGS.stream(), options.stream()).forEach(setting -> argv.addAll(List.of("-c", setting)));
        argv.addAll(place);
        argv.addAll(command);
        var environment = new HashMap<>(environment());
        environment.putAll(more);
        return new FencedScript.Step(argv, environment, ProgramInput.NONE, readOnly(), quiet);
    }

    private Map<String, String> environment() {
        var environment = new HashMap<String, String>();
        environment.put("PATH", "/usr/bin:/bin");
        environment.put("HOME", "/tmp");
        environment.put("LANG", "C.UTF-8");
        environment.put("XDG_CONFIG_HOME", "/nonexistent");
        environment.put("GIT_CONFIG_NOSYSTEM", "1");
        environment.put("GIT_CONFIG_SYSTEM", "/dev/null");
        environment.put("GIT_CONFIG_GLOBAL", "/dev/null");
        environment.put("GIT_ATTR_NOSYSTEM", "1");
        environment.put("GIT_TERMINAL_PROMPT", "0");
        environment.put("GIT_ASKPASS", "/bin/false");
        environment.put("SSH_ASKPASS", "/bin/false");
        environment.put("GIT_EDITOR", ":");
        environment.put("GIT_SEQUENCE_EDITOR", ":");
        environment.put("GIT_PAGER", "cat");
        environment.put("GIT_ALLOW_PROTOCOL", String.join(":", settings.protocols()));
        environment.put("GIT_PROTOCOL_FROM_USER", "0");
        environment.put("GIT_NO_REPLACE_OBJECTS", "1");
        environment.put("GIT_OPTIONAL_LOCKS", "0");
        environment.put("GIT_CEILING_DIRECTORIES", workspace.inside().toString());
        settings.caFile().ifPresent(file -> environment.put("GIT_SSL_CAINFO", file.toString()));
        return environment;
    }

    private List<Path> readOnly() {
        return Stream.concat(Stream.concat(TRUST.stream(), NAMES.stream()), settings.caFile().stream())
                .filter(Files::exists)
                .toList();
    }
}
