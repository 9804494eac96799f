package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.fence.egress.Resolver;
import dev.ringfence.runner.files.FilePath;
import dev.ringfence.runner.files.Refused;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Works on git repositories in the agent's workspace: no hooks, no prompts, no helpers, no filters, no submodules, and
 * only the hosts and protocols that an operator listed. Each command is one of git's own with arguments built here.
 */
public final class GitExec implements Capability {
    private static final ObjectNode SCHEMA = JsonSchemas.parse("""
            {
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "type": "object",
              "properties": {
                "operation": {
                  "type": "string",
                  "enum": ["clone", "pull", "init", "commit", "revert", "clean", "status", "log", "diff"]
                },
                "path": {
                  "type": "string",
                  "minLength": 1,
                  "maxLength": 1024,
                  "description": "the repository's directory in the workspace"
                },
                "url": {
                  "type": "string",
                  "maxLength": 2048,
                  "description": "what is cloned or pulled from"
                },
                "branch": {
                  "type": "string",
                  "pattern": "^[A-Za-z0-9_][A-Za-z0-9._/-]{0,200}$",
                  "description": "the branch to clone or pull"
                },
                "depth": { "type": "integer", "minimum": 1, "maximum": 1000000, "description": "a shallow clone" },
                "message": { "type": "string", "minLength": 1, "maxLength": 65536, "description": "of a commit" },
                "author": {
                  "type": "string",
                  "pattern": "^[^<>\\\\n\\\\r\\\\u0000]{1,100} <[^<>\\\\s\\\\u0000]{1,200}>$",
                  "default": "Ringfence <ringfence@localhost>",
                  "description": "of a commit"
                },
                "files": {
                  "type": "array",
                  "maxItems": 1000,
                  "items": { "type": "string", "minLength": 1, "maxLength": 1024 },
                  "description": "what is committed, relative to the repository; all changes without it"
                },
                "commit": {
                  "type": "string",
                  "pattern": "^([0-9a-fA-F]{4,64}|HEAD(~[0-9]{1,4})?)$",
                  "description": "what is reverted"
                },
                "directories": { "type": "boolean", "default": false, "description": "clean removes those as well" },
                "max_count": { "type": "integer", "minimum": 1, "maximum": 1000, "default": 20 },
                "staged": { "type": "boolean", "default": false, "description": "diff against what is staged" }
              },
              "required": ["operation", "path"],
              "additionalProperties": false
            }
            """);

    /** Whose commits are that nobody else is named for; the schema says so as well. */
    private static final String NOBODY = "Ringfence <ringfence@localhost>";

    /** For the name of a repository's host; whoever starts the job waits as long, and cannot be cancelled meanwhile. */
    private static final Duration RESOLVING = Duration.ofSeconds(10);

    private final FenceTools tools;
    private final GitSettings settings;
    private final Resolver resolver;

    public GitExec(FenceTools tools, GitSettings settings) {
        // Its threads end by themselves when nobody asks.
        this(tools, settings, new Resolver());
    }

    GitExec(FenceTools tools, GitSettings settings, Resolver resolver) {
        this.tools = tools;
        this.settings = settings;
        this.resolver = resolver;
    }

    @Override
    public String name() {
        return "GitExec";
    }

    @Override
    public String description() {
        return "Clones, pulls, commits, reverts, cleans and looks at git repositories in the agent's workspace, in a fence";
    }

    @Override
    public ObjectNode schema() {
        return SCHEMA.deepCopy();
    }

    @Override
    public boolean repeatable() {
        return false;
    }

    @Override
    public Execution start(Invocation invocation, OutputSink sink) {
        return Work.after(
                invocation,
                () -> programs(invocation),
                programs -> FencedExecution.start(tools, invocation, invocation.deadline(), script(programs), sink));
    }

    @Override
    public Outcome dryRun(Invocation invocation) {
        List<FencedScript.Step> programs;
        try {
            programs = programs(invocation);
        } catch (Refused e) {
            return ResultJson.failed(e);
        } catch (Work.TimeUp e) {
            return e.outcome(invocation);
        }
        return Rehearsal.of(tools, invocation, invocation.deadline(), List.of(), programs);
    }

    /** The first program of work on a repository that is there lists its settings, for us only. */
    private static FencedScript script(List<FencedScript.Step> programs) {
        return done -> {
            if (done.size() == 1 && programs.getFirst().quiet()) {
                var settings = done.getFirst().stdout();
                if (settings.truncated()) {
                    throw new Refused("repository-refused", "the repository's own settings are too long");
                }
                GitConfigCheck.check(Utf8Pieces.decode(settings.bytes(), false));
            }
            return done.size() < programs.size() ? Optional.of(programs.get(done.size())) : Optional.empty();
        };
    }

    private List<FencedScript.Step> programs(Invocation invocation) {
        var arguments = invocation.arguments();
        var operation = arguments.path("operation").asText();
        only(operation, arguments);
        var root = tools.places().orElseThrow().root(Optional.empty(), invocation);
        var path = FilePath.parse(arguments.path("path").asText(), root);
        if (path.names().contains(".git")) {
            throw new Refused("path-refused", "the path \"" + path + "\" is refused: it is git's own");
        }
        var git = new GitCommand(settings, root, path);
        return switch (operation) {
            case "clone" -> List.of(clone(git, invocation));
            case "init" ->
                List.of(git.outside(List.of(), List.of("init", "--template=", "--quiet", "--", git.directory())));
            case "pull" -> pull(git, invocation);
            case "commit" -> commit(git, arguments);
            case "revert" ->
                List.of(
                        git.settings(),
                        git.as(NOBODY, List.of("revert", "--no-edit", need(arguments, "commit", operation))));
            case "clean" ->
                arguments.path("directories").asBoolean()
                        ? checked(git, "clean", "--force", "-d")
                        : checked(git, "clean", "--force");
            case "status" -> checked(git, "status", "--porcelain=v2", "--branch", "--ignore-submodules=all");
            case "log" ->
                checked(
                        git,
                        "log",
                        "--no-ext-diff",
                        "--no-textconv",
                        "--no-show-signature",
                        "--date=iso-strict",
                        "--max-count=" + arguments.path("max_count").asInt(20));
            default -> diff(git, arguments);
        };
    }

    private FencedScript.Step clone(GitCommand git, Invocation invocation) {
        var arguments = invocation.arguments();
        var url = url(need(arguments, "url", "clone"), git, invocation);
        var command = new ArrayList<>(List.of("clone", "--template=", "--no-recurse-submodules", "--no-hardlinks"));
        if (arguments.has("branch")) {
            command.add("--branch=" + arguments.path("branch").asText());
        }
        if (arguments.has("depth")) {
            command.add("--depth=" + arguments.path("depth").asInt());
        }
        command.addAll(List.of("--", url.text(), git.directory()));
        return git.outside(url.options(), command);
    }

    private List<FencedScript.Step> pull(GitCommand git, Invocation invocation) {
        var arguments = invocation.arguments();
        var url = url(need(arguments, "url", "pull"), git, invocation);
        var command =
                new ArrayList<>(List.of("pull", "--ff-only", "--no-recurse-submodules", "--no-verify-signatures"));
        command.addAll(List.of("--", url.text()));
        if (arguments.has("branch")) {
            command.add("refs/heads/" + arguments.path("branch").asText());
        }
        return List.of(git.settings(), git.in(url.options(), command));
    }

    private List<FencedScript.Step> commit(GitCommand git, JsonNode arguments) {
        var add = new ArrayList<>(List.of("add", "--all", "--"));
        if (arguments.has("files")) {
            arguments.path("files").forEach(file -> add.add(":(literal)" + plain(file.asText())));
        } else {
            add.add(".");
        }
        var author = arguments.path("author").asText(NOBODY);
        var message = plain(need(arguments, "message", "commit"));
        return List.of(
                git.settings(),
                git.in(List.of(), add),
                git.as(
                        author,
                        List.of(
                                "commit",
                                "--no-verify",
                                "--no-gpg-sign",
                                "--quiet",
                                "--cleanup=whitespace",
                                "--message=" + message)),
                git.in(List.of(), List.of("rev-parse", "HEAD")));
    }

    private List<FencedScript.Step> diff(GitCommand git, JsonNode arguments) {
        return arguments.path("staged").asBoolean()
                ? checked(git, "diff", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all", "--cached")
                : checked(git, "diff", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all");
    }

    private List<FencedScript.Step> checked(GitCommand git, String... command) {
        return List.of(git.settings(), git.in(List.of(), List.of(command)));
    }

    private GitUrl url(String text, GitCommand git, Invocation invocation) {
        return GitUrl.check(
                text,
                settings,
                git.workspace(),
                invocation.profile().network().access(),
                host -> addresses(host, invocation));
    }

    private List<InetAddress> addresses(String host, Invocation invocation) throws IOException {
        var limit = invocation.limit(RESOLVING);
        try {
            return resolver.resolve(host, limit);
        } catch (SocketTimeoutException e) {
            if (limit.compareTo(RESOLVING) < 0) {
                throw new Work.TimeUp(limit);
            }
            throw e;
        }
    }

    private static String plain(String text) {
        if (text.indexOf('\0') >= 0) {
            throw new InvalidArguments(List.of("a text holds a NUL character"));
        }
        return text;
    }

    /** An argument that an operation does not take would be passed over in silence. */
    private static void only(String operation, JsonNode arguments) {
        var taken = switch (operation) {
            case "clone" -> List.of("url", "branch", "depth");
            case "pull" -> List.of("url", "branch");
            case "commit" -> List.of("message", "author", "files");
            case "revert" -> List.of("commit");
            case "clean" -> List.of("directories");
            case "log" -> List.of("max_count");
            case "diff" -> List.of("staged");
            default -> List.<String>of();
        };
        var violations = new ArrayList<String>();
        arguments.fieldNames().forEachRemaining(name -> {
            if (!name.equals("operation") && !name.equals("path") && !taken.contains(name)) {
                violations.add("/" + name + " is not taken by the operation " + operation);
            }
        });
        if (!violations.isEmpty()) {
            throw new InvalidArguments(violations);
        }
    }

    private static String need(JsonNode arguments, String name, String operation) {
        if (!arguments.has(name)) {
            throw new InvalidArguments(List.of("/" + name + " is missing; the operation " + operation + " needs it"));
        }
        return arguments.path(name).asText();
    }
}
