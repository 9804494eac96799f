package dev.ringfence.blackbox;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Requests that are right but for one thing or a few. The same seed and number give the same request to the same service. */
final class FuzzRequests {
    /** A request that is taken. In all of its texts, {@code <name>} stands for what the service calls it. */
    private record Model(String method, String path, String query, String body, int weight) {}

    private static final List<Model> MODELS = List.of(
            job("ShellExec", "{\"cmd\":\"echo hello\"}", 6),
            job("ShellExec", "{\"cmd\":\"cat <canary>/secret\"}", 2),
            job("ShellExec", "{\"cmd\":\"echo x > $RINGFENCE_OUTPUT/a.txt\",\"env\":{\"A\":\"b\"},\"timeout\":5}", 2),
            job("FileRead", "{\"path\":\"sub/file.json\",\"root\":\"shared\",\"max_bytes\":100,\"offset\":0}", 6),
            job("FileRead", "{\"path\":\"link/secret\",\"root\":\"shared\",\"format\":\"text\"}", 4),
            job("FileWrite", "{\"path\":\"sub/new\",\"root\":\"shared\",\"content\":\"text\",\"mode\":\"append\"}", 6),
            job(
                    "FileWrite",
                    "{\"path\":\"a/b/c\",\"content\":\"dGV4dA==\",\"encoding\":\"base64\",\"parents\":true}",
                    4),
            job("FileWrite", "{\"path\":\"link/secret\",\"root\":\"shared\",\"content\":\"changed\"}", 4),
            job("GitExec", "{\"operation\":\"status\",\"path\":\"repo\"}", 2),
            job("GitExec", "{\"operation\":\"commit\",\"path\":\"repo\",\"message\":\"m\",\"files\":[\"f\"]}", 1),
            job("Kill", "{\"pid\":<bystander>,\"signal\":\"TERM\",\"start_time\":1}", 3),
            job("Undo", "{\"job_id\":\"<written>\"}", 3),
            job("CountLines", "{\"word\":\"a\",\"ignore\":true,\"most\":3,\"file\":\"f\"}", 3),
            job("GenerateText", "{\"model\":\"tiny\",\"prompt\":\"Hi\",\"max_tokens\":2}", 2),
            job(
                    "ChatCompletion",
                    "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_tokens\":1}",
                    1),
            new Model("GET", "/api/v1/jobs", "limit=5&before=9999&agent=fuzz&session=s&state=completed", "", 6),
            new Model(
                    "GET",
                    "/api/v1/jobs",
                    "capability=ShellExec&since=2026-01-01T00:00:00Z&until=2036-01-01T00:00:00Z",
                    "",
                    3),
            new Model("GET", "/api/v1/jobs/<job>", "", "", 4),
            new Model("GET", "/api/v1/jobs/<job>/events", "after=1&limit=10", "", 6),
            new Model("GET", "/api/v1/jobs/<job>/output/stdout", "", "", 4),
            new Model("GET", "/api/v1/jobs/<job>/artifacts", "", "", 2),
            new Model("GET", "/api/v1/jobs/<job>/artifacts/a.txt", "", "", 6),
            new Model("POST", "/api/v1/jobs/<job>/retry", "", "", 2),
            new Model("DELETE", "/api/v1/jobs/<job>", "", "", 2),
            new Model("POST", "/api/v1/sessions", "", "{\"id\":\"s\",\"agent\":\"fuzz\"}", 4),
            new Model("GET", "/api/v1/sessions", "limit=5&before=10&agent=fuzz&state=open", "", 4),
            new Model("GET", "/api/v1/sessions/s", "agent=fuzz", "", 3),
            new Model("GET", "/api/v1/sessions/s/jobs", "limit=5&before=100&state=failed&capability=Kill", "", 3),
            new Model("POST", "/api/v1/sessions/t/close", "agent=fuzz", "", 1),
            new Model("DELETE", "/api/v1/sessions/t", "agent=fuzz", "", 2),
            new Model("GET", "/api/v1/telemetry", "", "", 1),
            new Model("GET", "/api/v1/processes", "job=<job>", "", 2),
            new Model("GET", "/api/v1/capabilities", "", "", 1),
            new Model("GET", "/api/v1/webhooks", "", "", 1),
            new Model("GET", "/api/v1/fence", "", "", 1),
            new Model("GET", "/api/v1/models", "agent=fuzz", "", 2),
            new Model("GET", "/api/v1/models/tiny", "", "", 2),
            new Model("GET", "/api/v1/models/tiny/health", "load=false", "", 1),
            new Model(
                    "GET", "/api/v1/models/select", "capabilities=TextGeneration&max_memory_mb=4096&agent=fuzz", "", 3),
            new Model("GET", "/api/v1/agents/fuzz/models", "", "", 2),
            new Model("GET", "/api/v1/catalog", "", "", 1),
            new Model(
                    "POST",
                    "/api/v1/models",
                    "",
                    "{\"id\":\"added\",\"version\":\"2\",\"provider\":{\"LocalFile\":{\"file_path\":\"/nowhere/w.gguf\"}},"
                            + "\"capabilities\":[\"TextGeneration\"]}",
                    3),
            new Model("DELETE", "/api/v1/models/added", "", "", 2),
            new Model("GET", "/api/v1/journal/events", "from=1&type=submitted&job=<job>&agent=fuzz&session=s", "", 1),
            new Model("GET", "/api/v1/journal/stats", "", "", 1),
            new Model("GET", "/q/health/ready", "", "", 1),
            new Model("GET", "/q/openapi", "format=json", "", 1),
            new Model(
                    "POST",
                    "/v1/chat/completions",
                    "",
                    "{\"model\":\"tiny\",\"messages\":[{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"user\",\"content\":"
                            + "[{\"type\":\"text\",\"text\":\"hi\"}]}],\"max_tokens\":1,\"temperature\":0.5,\"stop\":[\"a\"],"
                            + "\"stream\":true,\"stream_options\":{\"include_usage\":true},\"logit_bias\":{\"1\":1},\"seed\":1}",
                    4),
            new Model(
                    "POST",
                    "/v1/chat/completions",
                    "",
                    "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_completion_tokens\":2,"
                            + "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{"
                            + "\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},\"required\":[\"a\"]}}}}",
                    3),
            new Model(
                    "POST",
                    "/v1/chat/completions",
                    "",
                    "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_tokens\":2,\"tools\":[{"
                            + "\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\","
                            + "\"properties\":{\"c\":{\"enum\":[1,2]}}}}}],\"tool_choice\":\"required\"}",
                    3),
            new Model(
                    "POST",
                    "/v1/completions",
                    "",
                    "{\"model\":\"tiny\",\"prompt\":\"a\",\"max_tokens\":1,\"logprobs\":1}",
                    3),
            new Model(
                    "POST",
                    "/v1/embeddings",
                    "",
                    "{\"model\":\"lost\",\"input\":[\"a\",\"b\"],\"encoding_format\":\"float\"}",
                    2),
            new Model(
                    "POST",
                    "/v1/responses",
                    "",
                    "{\"model\":\"tiny\",\"input\":\"a\",\"max_output_tokens\":1,\"text\":{\"format\":{\"type\":\"text\"}}}",
                    3),
            new Model("GET", "/v1/models", "", "", 1),
            new Model("GET", "/v1/models/tiny", "", "", 3));

    private static final List<String> METHODS =
            List.of("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE");
    private static final List<String> HEADERS = List.of(
            "Idempotency-Key",
            "Prefer",
            "Last-Event-ID",
            "Authorization",
            "Content-Type",
            "Accept",
            "Host",
            "Range",
            "If-None-Match",
            "X-Forwarded-Host",
            "X-Forwarded-Prefix",
            "X-HTTP-Method-Override",
            "Expect",
            "Origin",
            "Cookie",
            "Content-Encoding",
            "Accept-Language",
            "traceparent");

    /** Together with the method and the version, 4096 bytes are taken. */
    private static final int LONGEST_TARGET = 4_000;

    private static final int WEIGHT = MODELS.stream().mapToInt(Model::weight).sum();

    private final long seed;
    private final Map<String, String> names;
    private final String agentKey;
    private final String adminKey;

    /** @param names what stands for {@code <name>} in requests */
    FuzzRequests(long seed, Map<String, String> names, String agentKey, String adminKey) {
        this.seed = seed;
        this.names = names;
        this.agentKey = agentKey;
        this.adminKey = adminKey;
    }

    private static Model job(String capability, String arguments, int weight) {
        return new Model(
                "POST",
                "/api/v1/jobs",
                "",
                "{\"capability\":\"" + capability + "\",\"arguments\":" + arguments
                        + ",\"deadline_seconds\":5,\"session\":\"s\",\"priority\":1}",
                weight);
    }

    FuzzRequest at(int number) {
        // Neighbouring numbers give unlike sequences only when they are mixed.
        var random = new Random((seed * 0x9e3779b97f4a7c15L + number) * 0xbf58476d1ce4e5b9L);
        var model = any(random);
        var building = new Building(model, random);
        for (int i = random.nextInt(3); i >= 0; i--) {
            building.change();
        }
        return building.request();
    }

    private static Model any(Random random) {
        int at = random.nextInt(WEIGHT);
        for (var model : MODELS) {
            at -= model.weight();
            if (at < 0) {
                return model;
            }
        }
        throw new IllegalStateException("the weights add up to more than they are");
    }

    /** One request while it is made. */
    private final class Building {
        private final Random random;
        private String method;
        private final List<String> segments;
        private final List<String> query = new ArrayList<>();
        private final List<String[]> headers = new ArrayList<>();
        private byte[] body;
        private final String valid;
        private boolean raw;
        private boolean broken;

        Building(Model model, Random random) {
            this.random = random;
            method = model.method();
            segments = new ArrayList<>(List.of(named(model.path()).substring(1).split("/")));
            if (!model.query().isEmpty() && random.nextInt(4) > 0) {
                query.addAll(List.of(named(model.query()).split("&")));
                while (query.size() > 1 && random.nextBoolean()) {
                    query.remove(random.nextInt(query.size()));
                }
            }
            valid = named(model.body());
            body = valid.getBytes(StandardCharsets.UTF_8);
            header("Host", "127.0.0.1");
            header("Authorization", "Bearer " + (random.nextInt(3) > 0 ? agentKey : adminKey));
            if (!valid.isEmpty()) {
                header("Content-Type", "application/json");
            }
            switch (random.nextInt(6)) {
                case 0 -> header("Accept", "text/event-stream");
                case 1 -> header("Prefer", "wait=1");
                case 2 -> header("Idempotency-Key", "k" + random.nextInt(50));
                case 3 -> query.add("dry_run=true");
                default -> header("Accept", "application/json");
            }
        }

        private void header(String name, String value) {
            headers.add(new String[] {name, value});
        }

        void change() {
            switch (random.nextInt(valid.isEmpty() ? 8 : 16)) {
                case 0, 1 -> segments.set(random.nextInt(segments.size()), escaped(FuzzWords.any(random)));
                case 2 -> changeQuery();
                case 3, 4 -> changeHeader();
                case 5 -> {
                    if (random.nextInt(3) == 0) {
                        method = METHODS.get(random.nextInt(METHODS.size()));
                    }
                }
                case 6 -> segments.add(random.nextInt(segments.size() + 1), escaped(FuzzWords.any(random)));
                case 7 -> {
                    if (random.nextInt(4) == 0) {
                        raw = true;
                    }
                }
                default -> body = FuzzJson.mutate(valid, random);
            }
        }

        private void changeQuery() {
            if (query.isEmpty() || random.nextInt(4) == 0) {
                query.add(escaped(FuzzWords.any(random)) + "=" + escaped(FuzzWords.any(random)));
                return;
            }
            int at = random.nextInt(query.size());
            var name = query.get(at).split("=", 2)[0];
            query.set(at, name + "=" + escaped(FuzzWords.any(random)));
        }

        private void changeHeader() {
            var name = HEADERS.get(random.nextInt(HEADERS.size()));
            if (random.nextInt(3) > 0) {
                headers.removeIf(header -> header[0].equals(name));
            }
            var value = FuzzWords.any(random);
            broken |= value.chars().anyMatch(character -> character < ' ' || character == 0x7f || character > 0x7e)
                    || value.length() > 2_000
                    || name.equals("Expect")
                    || name.equals("Host");
            header(name, value);
        }

        /** Mostly as it must be; sometimes as a client would send it that does not know better. */
        private String escaped(String text) {
            if (random.nextInt(6) == 0) {
                broken = true;
                return text.replace("\r", "").replace("\n", "").replace(" ", "+");
            }
            broken |= text.length() > 1_000;
            return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
        }

        private String named(String text) {
            var result = text;
            for (var name : names.entrySet()) {
                result = result.replace("<" + name.getKey() + ">", name.getValue());
            }
            return result;
        }

        FuzzRequest request() {
            var target = "/" + String.join("/", segments) + (query.isEmpty() ? "" : "?" + String.join("&", query));
            byte[] bytes = target.getBytes(StandardCharsets.UTF_8);
            var lines = headers.stream()
                    .map(header -> (header[0] + ": " + header[1]).getBytes(StandardCharsets.UTF_8))
                    .toList();
            if (raw) {
                bytes = FuzzJson.flipped(target, random);
                for (int i = 0; i < bytes.length; i++) {
                    // Another line would be another request.
                    bytes[i] = bytes[i] == '\n' || bytes[i] == '\r' ? (byte) 'n' : bytes[i];
                }
            }
            return new FuzzRequest(method, bytes, lines, body, broken || raw || bytes.length > LONGEST_TARGET);
        }
    }
}
