package dev.ringfence.runner.files;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a job did to a file, so that it can be taken back.
 *
 * @param session of the job, if it had one
 * @param root the name of the root
 * @param before the hash of what was there; empty when there was nothing
 * @param after the hash of what the job wrote
 * @param made directories that the job made, outermost first
 */
public record UndoRecord(
        String jobId,
        String agent,
        Optional<String> session,
        String root,
        List<String> path,
        Optional<String> before,
        String after,
        List<String> made) {
    public UndoRecord {
        path = List.copyOf(path);
        made = List.copyOf(made);
    }

    public FilePath file() {
        return new FilePath(path);
    }

    ObjectNode json() {
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("job", jobId)
                .put("agent", agent)
                .put("root", root)
                .put("after", after);
        session.ifPresent(value -> json.put("session", value));
        before.ifPresent(value -> json.put("before", value));
        path.forEach(json.putArray("path")::add);
        made.forEach(json.putArray("made")::add);
        return json;
    }

    static UndoRecord of(JsonNode json) {
        return new UndoRecord(
                json.path("job").asText(),
                json.path("agent").asText(),
                Optional.ofNullable(json.get("session")).map(JsonNode::asText),
                json.path("root").asText(),
                texts(json.path("path")),
                Optional.ofNullable(json.get("before")).map(JsonNode::asText),
                json.path("after").asText(),
                texts(json.path("made")));
    }

    private static List<String> texts(JsonNode array) {
        var texts = new ArrayList<String>();
        array.forEach(text -> texts.add(text.asText()));
        return texts;
    }
}
