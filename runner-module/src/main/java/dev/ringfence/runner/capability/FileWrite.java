package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.files.Change;
import dev.ringfence.runner.files.FileRoots;
import dev.ringfence.runner.files.FileWrites;
import dev.ringfence.runner.files.Written;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/** Writes a file below one of the agent's roots, so that it is whole or unchanged, and can be undone. */
public final class FileWrite implements Capability {
    private static final ObjectNode SCHEMA = JsonSchemas.parse("""
            {
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "type": "object",
              "properties": {
                "path": {
                  "type": "string",
                  "minLength": 1,
                  "maxLength": 4096,
                  "description": "the file, relative to the root"
                },
                "root": {
                  "type": "string",
                  "default": "workspace",
                  "description": "the directory that the path is below"
                },
                "content": {
                  "type": "string",
                  "description": "what is written; a request has 8 MiB at most, or what the operator set: append longer files in pieces"
                },
                "encoding": {
                  "type": "string",
                  "enum": ["utf-8", "base64"],
                  "default": "utf-8",
                  "description": "what the content is"
                },
                "mode": {
                  "type": "string",
                  "enum": ["create", "overwrite", "append"],
                  "default": "overwrite",
                  "description": "create refuses a file that exists; the others make one that does not"
                },
                "parents": {
                  "type": "boolean",
                  "default": false,
                  "description": "make the directories that are missing on the way"
                }
              },
              "required": ["path", "content"],
              "additionalProperties": false
            }
            """);

    private final FileRoots roots;
    private final FileWrites writes;

    public FileWrite(FileRoots roots, FileWrites writes) {
        this.roots = roots;
        this.writes = writes;
    }

    @Override
    public String name() {
        return "FileWrite";
    }

    @Override
    public String description() {
        return "Writes a file below one of the roots " + roots.names()
                + ", whole or not at all; the job can be undone with Undo";
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
    public boolean fenced() {
        return false;
    }

    @Override
    public Execution start(Invocation invocation, OutputSink sink) {
        byte[] content = content(invocation);
        return Work.start(invocation, checkpoint -> {
            var change = change(invocation, content);
            var author = new FileWrites.Author(invocation.jobId(), invocation.agent(), invocation.session());
            var written = writes.write(author, change, checkpoint);
            var verb = written.created() ? "created" : "changed";
            return new Outcome.Completed(
                    data(change, written, verb + " the file").put("undo", true));
        });
    }

    @Override
    public Outcome dryRun(Invocation invocation) {
        byte[] content = content(invocation);
        return Work.now(invocation, checkpoint -> {
            var change = change(invocation, content);
            var written = writes.rehearse(change, checkpoint);
            var verb = written.created() ? "create" : "keep a backup of, and change,";
            return new Outcome.Completed(data(change, written, "it would " + verb + " the file"));
        });
    }

    private Change change(Invocation invocation, byte[] content) {
        var arguments = invocation.arguments();
        var root = FileArguments.root(roots, invocation);
        var mode =
                Change.Mode.valueOf(arguments.path("mode").asText("overwrite").toUpperCase(Locale.ROOT));
        return new Change(
                root,
                FileArguments.path(root, invocation),
                content,
                mode,
                arguments.path("parents").asBoolean(false));
    }

    private static byte[] content(Invocation invocation) {
        var arguments = invocation.arguments();
        var content = arguments.path("content").asText();
        if (!arguments.path("encoding").asText("utf-8").equals("base64")) {
            return content.getBytes(StandardCharsets.UTF_8);
        }
        try {
            return Base64.getDecoder().decode(content);
        } catch (IllegalArgumentException e) {
            throw new InvalidArguments(List.of("/content is no base64: " + e.getMessage()));
        }
    }

    private static ObjectNode data(Change change, Written written, String message) {
        var data = ResultJson.object()
                .put("message", message)
                .put("root", change.root().name())
                .put("path", change.path().toString())
                .put("bytes_written", change.content().length)
                .put("size", written.size())
                .put("sha256", written.sha256())
                .put("created", written.created());
        written.before().ifPresent(hash -> data.put("sha256_before", hash));
        if (!written.made().isEmpty()) {
            written.made().forEach(data.putArray("directories_made")::add);
        }
        return data;
    }
}
