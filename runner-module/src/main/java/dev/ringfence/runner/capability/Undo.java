package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.files.FileRoot;
import dev.ringfence.runner.files.FileRoots;
import dev.ringfence.runner.files.FileWrites;
import dev.ringfence.runner.files.Refused;
import dev.ringfence.runner.files.UndoRecord;
import java.util.Optional;
import java.util.function.Function;

/** Takes back what a job wrote, unless somebody changed the file since. */
public final class Undo implements Capability {
    private static final ObjectNode SCHEMA = JsonSchemas.parse("""
            {
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "type": "object",
              "properties": {
                "job_id": {
                  "type": "string",
                  "pattern": "^[A-Za-z0-9_-]{1,80}$",
                  "description": "the job that wrote the file"
                }
              },
              "required": ["job_id"],
              "additionalProperties": false
            }
            """);

    private final FileRoots roots;
    private final FileWrites writes;
    private final Journaled journaled;

    /** Knows the jobs that are undone. */
    public interface Journaled {
        /**
         * Called before anything is changed: what is undone must be able to be told.
         *
         * @param job what is to be undone
         * @throws Refused when the job has not ended, or cannot be looked for now
         */
        void require(String job);

        /**
         * Called when the file is as it was; when it returns, that is known for good. Does nothing where it is known
         * already, or the job is known no more. Blocks.
         *
         * @param job what was undone
         * @param by the job that did it
         * @param data what was done
         */
        void rolledBack(String job, String by, ObjectNode data);
    }

    public Undo(FileRoots roots, FileWrites writes, Journaled journaled) {
        this.roots = roots;
        this.writes = writes;
        this.journaled = journaled;
    }

    @Override
    public String name() {
        return "Undo";
    }

    @Override
    public String description() {
        return "Takes back what a FileWrite job wrote, if the file is still as that job left it";
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
        return Work.start(invocation, checkpoint -> {
            own(invocation, writes::findUndone).ifPresent(undone -> {
                // The service may have ended behind that, before it could be told.
                journaled.require(undone.jobId());
                journaled.rolledBack(undone.jobId(), invocation.jobId(), data(undone, "the file was as it was before"));
            });
            var record = record(invocation);
            var root = root(record);
            journaled.require(record.jobId());
            var now = writes.undo(root, record, checkpoint);
            var data = data(record, now.isPresent() ? "restored the file" : "removed the file");
            now.ifPresent(hash -> data.put("sha256", hash));
            journaled.rolledBack(record.jobId(), invocation.jobId(), data);
            return new Outcome.Completed(data);
        });
    }

    @Override
    public Outcome dryRun(Invocation invocation) {
        return Work.now(invocation, checkpoint -> {
            var record = record(invocation);
            writes.rehearseUndo(root(record), record, checkpoint);
            return new Outcome.Completed(data(
                    record, record.before().isPresent() ? "it would restore the file" : "it would remove the file"));
        });
    }

    private UndoRecord record(Invocation invocation) {
        var job = job(invocation);
        return own(invocation, writes::find)
                .orElseThrow(() -> own(invocation, writes::findUndone).isPresent()
                        ? new Refused("already-undone", "what the job " + job + " did was undone already")
                        : new Refused(
                                "nothing-to-undo",
                                "there is nothing of job " + job
                                        + " to undo: it wrote no file, or its backup is no longer kept"));
    }

    /** That of another agent's job is as unknown as one that never was. */
    private static Optional<UndoRecord> own(Invocation invocation, Function<String, Optional<UndoRecord>> records) {
        return records.apply(job(invocation)).filter(record -> record.agent().equals(invocation.agent()));
    }

    private static String job(Invocation invocation) {
        return invocation.arguments().path("job_id").asText();
    }

    /** As the job saw it that is undone. */
    private FileRoot root(UndoRecord record) {
        return roots.find(Optional.of(record.root()), record.agent(), record.session());
    }

    private static ObjectNode data(UndoRecord record, String message) {
        var data = ResultJson.object()
                .put("message", message)
                .put("job_id", record.jobId())
                .put("root", record.root())
                .put("path", record.file().toString())
                .put("sha256_undone", record.after());
        return data;
    }
}
