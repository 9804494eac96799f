package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.files.Checkpoint;
import dev.ringfence.runner.files.FileContent;
import dev.ringfence.runner.files.FilePath;
import dev.ringfence.runner.files.FileReads;
import dev.ringfence.runner.files.FileRoot;
import dev.ringfence.runner.files.FileRoots;
import dev.ringfence.runner.files.Refused;
import java.util.Base64;
import java.util.Optional;

/** Reads a file, or a part of it, below one of the agent's roots. */
public final class FileRead implements Capability {
    private static final int DEFAULT_BYTES = 1 << 20;

    /** Parsed without being asked for only up to this size: the result then has it twice. */
    private static final int SMALL = 256 << 10;

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
                "offset": {
                  "type": "integer",
                  "minimum": 0,
                  "maximum": 9007199254740991,
                  "default": 0,
                  "description": "the first byte to read"
                },
                "max_bytes": {
                  "type": "integer",
                  "minimum": 1,
                  "maximum": 10485760,
                  "default": 1048576,
                  "description": "how much is read at most"
                },
                "format": {
                  "type": "string",
                  "enum": ["auto", "text", "base64", "json"],
                  "default": "auto",
                  "description": "auto gives text where it is UTF-8, and base64 otherwise"
                }
              },
              "required": ["path"],
              "additionalProperties": false
            }
            """);

    private final FileRoots roots;

    public FileRead(FileRoots roots) {
        this.roots = roots;
    }

    @Override
    public String name() {
        return "FileRead";
    }

    @Override
    public String description() {
        return "Reads a file below one of the roots " + roots.names();
    }

    @Override
    public ObjectNode schema() {
        return SCHEMA.deepCopy();
    }

    @Override
    public boolean repeatable() {
        return true;
    }

    @Override
    public boolean fenced() {
        return false;
    }

    @Override
    public Execution start(Invocation invocation, OutputSink sink) {
        return Work.start(invocation, checkpoint -> read(invocation, checkpoint));
    }

    @Override
    public Outcome dryRun(Invocation invocation) {
        return Work.now(invocation, checkpoint -> {
            var root = FileArguments.root(roots, invocation);
            var path = FileArguments.path(root, invocation);
            long size = FileReads.size(root, path);
            long part = Math.max(0, Math.min(most(invocation), size - offset(invocation)));
            var data = place(root, path);
            data.put("message", "it would read %d of %d bytes".formatted(part, size));
            return new Outcome.Completed(data.put("size", size).put("bytes", part));
        });
    }

    private Outcome read(Invocation invocation, Checkpoint checkpoint) {
        var root = FileArguments.root(roots, invocation);
        var path = FileArguments.path(root, invocation);
        var content = FileReads.read(root, path, offset(invocation), most(invocation), checkpoint);
        var data = place(root, path);
        data.put("size", content.size());
        content.sha256().ifPresent(hash -> data.put("sha256", hash));
        data.put("modified_at", content.modified().toString());
        data.put("offset", content.offset());
        int used = show(invocation.arguments().path("format").asText("auto"), path, content, data);
        boolean truncated = content.offset() + used < content.size();
        data.put("truncated", truncated);
        if (truncated) {
            data.put("next_offset", content.offset() + used);
        }
        data.put("message", "read %d of %d bytes".formatted(used, content.size()));
        return new Outcome.Completed(data);
    }

    /** Adds the content, and says how many of its bytes are shown: text ends with a whole character. */
    private static int show(String format, FilePath path, FileContent content, ObjectNode data) {
        byte[] bytes = content.bytes();
        if (format.equals("base64")) {
            return base64(bytes, data);
        }
        var text = PlainText.of(bytes, content.truncated());
        if (format.equals("json")) {
            return json(path, content, text, data);
        }
        if (text.isEmpty()) {
            if (format.equals("text")) {
                throw new Refused("not-text", "\"" + path + "\" is no UTF-8 text there; read it with format base64");
            }
            return base64(bytes, data);
        }
        data.put("encoding", "utf-8").put("content", text.get().text());
        if (!content.truncated()
                && content.offset() == 0
                && bytes.length <= SMALL
                && path.name().endsWith(".json")) {
            try {
                var json = StrictJson.parse(text.get().text());
                if (json.isContainerNode()) {
                    data.set("json", json);
                }
            } catch (StrictJson.Refused e) {
                data.put("json_trouble", e.getMessage());
            }
        }
        return text.get().bytes();
    }

    private static int json(FilePath path, FileContent content, Optional<PlainText> text, ObjectNode data) {
        if (content.truncated() || content.offset() > 0) {
            throw new Refused(
                    "not-json",
                    "\"" + path + "\" can only be parsed whole: it has " + content.size()
                            + " bytes; raise max_bytes and leave offset out");
        }
        if (text.isEmpty()) {
            throw new Refused("not-json", "\"" + path + "\" is no JSON document: it is no UTF-8 text");
        }
        try {
            data.put("encoding", "json").set("json", StrictJson.parse(text.get().text()));
        } catch (StrictJson.Refused e) {
            throw new Refused("not-json", "\"" + path + "\" is no JSON document: " + e.getMessage());
        }
        return content.bytes().length;
    }

    private static int base64(byte[] bytes, ObjectNode data) {
        data.put("encoding", "base64").put("content", Base64.getEncoder().encodeToString(bytes));
        return bytes.length;
    }

    private static long offset(Invocation invocation) {
        return invocation.arguments().path("offset").asLong(0);
    }

    private static int most(Invocation invocation) {
        return invocation.arguments().path("max_bytes").asInt(DEFAULT_BYTES);
    }

    private static ObjectNode place(FileRoot root, FilePath path) {
        return ResultJson.object().put("root", root.name()).put("path", path.toString());
    }
}
