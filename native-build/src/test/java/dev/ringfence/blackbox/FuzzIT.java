package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Requests that are nearly right, by the thousand. {@code -Dfuzz.cases=N} makes more of them, {@code -Dfuzz.seed=N} others,
 * and {@code -Dfuzz.case=N} only one: what a failure names.
 */
class FuzzIT {
    private static final long SEED = Long.getLong("fuzz.seed", 42);
    private static final int CASES = Integer.getInteger("fuzz.cases", 1_000);
    private static final @Nullable Integer ONE = Integer.getInteger("fuzz.case");
    private static final int CLIENTS = 4;
    private static final int WARM = 300;
    private static final int MOST_FAULTS = 20;
    private static final Duration SETTLING = Duration.ofMinutes(3);
    private static final String SECRET = "nobody-may-see-5d1f0c";

    private static final String MANIFEST = """
            [capability]
            name = "CountLines"
            description = "Counts lines"
            argv = ["/usr/bin/grep", "--count", "{ignore}", ["--max-count", "{most}"], "--", "{word}", "{file}"]
            deadline = "5s"
            repeatable = true
            output = "text"
            [capability.parameters.word]
            type = "string"
            pattern = "[a-z]+"
            max_length = 100
            [capability.parameters.ignore]
            type = "boolean"
            flag = "--ignore-case"
            [capability.parameters.most]
            type = "integer"
            minimum = 1
            maximum = 1000
            required = false
            [capability.parameters.file]
            type = "path"
            root = "workspace"
            access = "read"
            """;

    @TempDir
    Path directory;

    private Path catalog;
    private Path manifest;
    private Path canary;
    private Process bystander;
    private RunningService service;
    private String agentKey;
    private String adminKey;

    @BeforeEach
    void start() throws IOException {
        canary = Files.createDirectory(directory.resolve("canary"));
        Files.writeString(canary.resolve("secret"), SECRET);
        Files.createDirectory(canary.resolve("sub"));
        var root = Files.createDirectory(directory.resolve("root"));
        Files.writeString(Files.createDirectory(root.resolve("sub")).resolve("file.json"), "{\"a\": 1}");
        Files.createSymbolicLink(root.resolve("link"), canary);
        Files.createSymbolicLink(root.resolve("to-secret"), canary.resolve("secret"));
        for (var open : List.of(root, root.resolve("sub"), canary, canary.resolve("sub"))) {
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        }
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        catalog = Catalogs.standard(directory);
        manifest = Files.writeString(
                Files.createDirectory(directory.resolve("capabilities")).resolve("count.toml"), MANIFEST);
        bystander = new ProcessBuilder("sleep", HostProcesses.rareDuration()).start();
        var data = directory.resolve("data");
        agentKey = key("--agent", "fuzz", "--data", data.toString());
        adminKey = key("--agent", "operator", "--admin", "--data", data.toString());
        service = RunningService.start(
                data,
                catalog,
                Map.of(
                        "RINGFENCE_CAPABILITIES_DIRECTORY",
                                directory.resolve("capabilities").toString(),
                        "RINGFENCE_FILES_ROOTS_SHARED_PATH", root.toString(),
                        "RINGFENCE_FILES_ROOTS_SHARED_WRITABLE", "true"));
    }

    private static String key(String... arguments) {
        var words = new ArrayList<>(List.of("keys", "create"));
        words.addAll(List.of(arguments));
        var made = Cli.run(words.toArray(String[]::new));
        assertThat(made.exitCode()).as(made.stderr()).isZero();
        return made.stdout().strip();
    }

    @AfterEach
    void stop() {
        bystander.destroyForcibly();
        service.close();
    }

    @Test
    void nothingThatIsSentBreaksTheServiceOrGetsOutOrStays() throws IOException {
        var requests = new FuzzRequests(SEED, names(), agentKey, adminKey);
        var oracle = new FuzzOracle(SECRET);
        var before = canary();
        if (ONE != null) {
            System.out.println(requests.at(ONE));
            assertThat(faults(requests, oracle, ONE, ONE + 1)).isEmpty();
            return;
        }
        // The engine, pools and caches are there then.
        var faults = faults(requests, oracle, 0, WARM);
        settle();
        var held = ProcessFigures.of(service.pid());
        faults.addAll(faults(requests, oracle, WARM, CASES));

        assertThat(faults).as("seed %d", SEED).isEmpty();
        assertThat(canary()).isEqualTo(before);
        assertThat(bystander.isAlive()).isTrue();
        assertThat(service.log()).doesNotContain("unexpected error", " ERROR ");
        settle();
        await("what the service holds is what it held")
                .atMost(SETTLING)
                .untilAsserted(() -> assertThat(ProcessFigures.of(service.pid()))
                        .matches(now -> now.within(held, 24, 48), "close to " + held));
        assertThat(service.api().status("/q/health/ready")).isEqualTo(200);
    }

    @Test
    void aDamagedCatalogOrManifestIsRefusedAsAWholeOrTaken() throws IOException {
        var random = new Random(SEED);
        var wholeCatalog = Files.readString(catalog);
        var admin = service.api().as(adminKey);
        var faults = new ArrayList<String>();
        int refused = 0;
        for (int i = 0; i < CASES / 10; i++) {
            boolean ofCatalog = random.nextBoolean();
            var text = damaged(ofCatalog ? wholeCatalog : MANIFEST, random);
            Files.write(ofCatalog ? catalog : manifest, text);
            var answer = admin.post("/api/v1/catalog/reload", "");
            if (answer.statusCode() != 200 && answer.statusCode() != 422) {
                faults.add("case " + i + ": " + answer.statusCode() + " " + answer.body() + "\n"
                        + new String(text, StandardCharsets.UTF_8));
            }
            refused += answer.statusCode() == 422 ? 1 : 0;
            Files.writeString(catalog, wholeCatalog);
            Files.writeString(manifest, MANIFEST);
        }

        assertThat(faults).as("seed %d", SEED).isEmpty();
        assertThat(refused).isPositive();
        assertThat(admin.post("/api/v1/catalog/reload", "").statusCode()).isEqualTo(200);
        assertThat(service.log()).doesNotContain("unexpected error");
    }

    private static byte[] damaged(String toml, Random random) {
        var lines = new ArrayList<>(toml.lines().toList());
        for (int i = random.nextInt(3); i >= 0; i--) {
            int at = random.nextInt(lines.size());
            var line = lines.get(at);
            switch (random.nextInt(5)) {
                case 0 -> lines.remove(at);
                case 1 -> lines.add(random.nextInt(lines.size()), line);
                case 2 ->
                    lines.set(at, line.replaceFirst("=.*", "= " + Matcher.quoteReplacement(FuzzWords.any(random))));
                case 3 ->
                    lines.set(
                            at,
                            line.replaceFirst("=.*", "= \"" + Matcher.quoteReplacement(FuzzWords.any(random)) + "\""));
                default -> lines.set(at, FuzzWords.any(random) + line);
            }
        }
        var text = String.join("\n", lines);
        return random.nextInt(3) == 0 ? FuzzJson.flipped(text, random) : text.getBytes(StandardCharsets.UTF_8);
    }

    /** What goes wrong with some of the requests, in the order of their numbers; at most a few. */
    private List<String> faults(FuzzRequests requests, FuzzOracle oracle, int from, int to) {
        var faults = Collections.synchronizedList(new ArrayList<String>());
        var next = new AtomicInteger(from);
        try (var clients = Executors.newFixedThreadPool(CLIENTS)) {
            var working = new ArrayList<CompletableFuture<@Nullable Void>>();
            for (int i = 0; i < CLIENTS; i++) {
                working.add(CompletableFuture.runAsync(
                        () -> {
                            try (var http = new RawHttp(service.port())) {
                                for (int number = next.getAndIncrement();
                                        number < to && faults.size() < MOST_FAULTS;
                                        number = next.getAndIncrement()) {
                                    fault(requests.at(number), oracle, http, number, faults);
                                }
                            } catch (IOException e) {
                                throw new UncheckedIOException(e);
                            }
                        },
                        clients));
            }
            // What goes wrong with a client itself must not look like an answer to all that it had to send.
            working.forEach(CompletableFuture::join);
        }
        if (faults.size() < MOST_FAULTS) {
            assertThat(next).as("cases that were sent").hasValueGreaterThanOrEqualTo(to);
        }
        return faults;
    }

    private static void fault(FuzzRequest request, FuzzOracle oracle, RawHttp http, int number, List<String> faults) {
        String complaint;
        String answered;
        try {
            var answer = http.send(request.bytes(), !request.method().equals("HEAD"));
            complaint = oracle.complaint(request, answer).orElse("");
            answered = answer.status() + " " + answer.headers() + " " + answer.body();
        } catch (IOException | RuntimeException e) {
            complaint = "is none: " + e;
            answered = "";
        }
        if (!complaint.isEmpty()) {
            faults.add("\ncase " + number + ", whose answer " + complaint + "\n  " + request + "\n  was answered\n  "
                    + answered.substring(0, Math.min(1_000, answered.length())));
        }
    }

    /** Nothing of any job is left. */
    private void settle() {
        var admin = service.api().as(adminKey);
        await("no job lives")
                .atMost(SETTLING)
                .until(() -> Api.json(admin.get("/api/v1/telemetry").body())
                                .at("/jobs/live")
                                .asInt()
                        == 0);
        var processes = Api.json(admin.get("/api/v1/processes").body()).path("processes");
        assertThat(processes)
                .allSatisfy(process ->
                        assertThat(process.has("job")).as(process.toString()).isFalse());
    }

    /** What requests speak of. */
    private Map<String, String> names() {
        var agent = service.api().as(agentKey);
        var job = ended(
                agent,
                "{\"capability\":\"ShellExec\",\"session\":\"s\",\"arguments\":{\"cmd\":"
                        + "\"echo out; echo a > $RINGFENCE_OUTPUT/a.txt; echo a > f; mkdir -p repo\"}}");
        var written = ended(
                agent,
                "{\"capability\":\"FileWrite\",\"session\":\"s\",\"arguments\":{\"path\":\"w\",\"content\":\"w\"}}");
        ended(
                agent,
                "{\"capability\":\"GitExec\",\"session\":\"s\",\"arguments\":{\"operation\":\"init\",\"path\":\"repo\"}}");
        return new TreeMap<>(Map.of(
                "job",
                job,
                "written",
                written,
                "canary",
                canary.toString(),
                "bystander",
                Long.toString(bystander.pid())));
    }

    private static String ended(Api agent, String submission) {
        var answer = agent.post("/api/v1/jobs", submission, "Prefer", "wait=30");
        var job = Api.json(answer.body());
        assertThat(job.path("state").asText()).as(answer.body()).isEqualTo("completed");
        return job.path("id").asText();
    }

    /** The files beside the root, with what is in them. */
    private Map<String, String> canary() throws IOException {
        try (var files = Files.walk(canary)) {
            return files.collect(Collectors.toMap(Path::toString, FuzzIT::content, (a, b) -> a, TreeMap::new));
        }
    }

    private static String content(Path file) {
        try {
            return Files.isDirectory(file) ? "" : Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
