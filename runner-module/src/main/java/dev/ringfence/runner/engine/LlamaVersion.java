package dev.ringfence.runner.engine;

import dev.ringfence.catalog.Catalog;
import dev.ringfence.runner.fence.FenceException;
import dev.ringfence.runner.fence.FencedCommand;
import dev.ringfence.runner.fence.FencedResult;
import dev.ringfence.runner.fence.Fences;
import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.ProcessEnd;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Asks llama.cpp for its version: the program is started in a fence, as an engine would be, and says it. Asked once for
 * each program that is found, and anew when its file was written, or half a minute after it did not say. Blocks;
 * thread-safe.
 */
final class LlamaVersion {
    private static final Pattern SAID = Pattern.compile("(?m)^version: *(\\S.*?) *$");
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final Duration AGAIN = Duration.ofSeconds(30);
    private static final int LONGEST = 200;
    private static final int CAPTURE = 4096;

    private final EngineSettings settings;
    private final Fences fences;
    private @Nullable Known known;

    private record Known(LlamaInstallation installation, FileTime written, LlamaCpp answer, long since) {
        boolean holds(LlamaInstallation found, FileTime changed) {
            return installation.equals(found)
                    && written.equals(changed)
                    && (answer.version().isPresent() || System.nanoTime() - since < AGAIN.toNanos());
        }
    }

    LlamaVersion(EngineSettings settings, Fences fences) {
        this.settings = settings;
        this.fences = fences;
    }

    /** @throws EngineException.EngineMissing when there is none */
    synchronized LlamaCpp read() {
        var installation = LlamaInstallation.find(settings, System.getenv("PATH"));
        var written = written(installation);
        var last = known;
        if (last == null || !last.holds(installation, written)) {
            last = new Known(installation, written, ask(installation), System.nanoTime());
            known = last;
        }
        return last.answer();
    }

    private static FileTime written(LlamaInstallation installation) {
        try {
            return Files.getLastModifiedTime(installation.file());
        } catch (IOException e) {
            return FileTime.fromMillis(0); // Gone just now: starting it says so.
        }
    }

    private LlamaCpp ask(LlamaInstallation installation) {
        var line = new ArrayList<>(installation.program());
        line.add("--version");
        var command = new FencedCommand(
                "llama-version",
                Catalog.empty().defaultProfile(),
                line,
                EngineCommand.ENVIRONMENT,
                new byte[0],
                installation.readOnly(),
                EngineCommand.ENGINE_THREADS,
                LIMIT,
                CAPTURE);
        try {
            var result =
                    fences.start(command, OutputListener.NONE).result().await().indefinitely();
            var text = text(result);
            var said = SAID.matcher(text);
            return result.end().equals(new ProcessEnd.Exited(0)) && said.find()
                    ? answer(installation, Optional.of(Texts.clip(said.group(1), LONGEST)), "")
                    : answer(
                            installation,
                            Optional.empty(),
                            "it ended with " + result.end() + ": " + Texts.clip(text.strip(), LONGEST));
        } catch (FenceException e) {
            return answer(installation, Optional.empty(), String.valueOf(e.getMessage()));
        }
    }

    private static LlamaCpp answer(LlamaInstallation installation, Optional<String> version, String trouble) {
        return new LlamaCpp(installation.file(), installation.server(), version, trouble);
    }

    private static String text(FencedResult result) {
        return new String(result.stderr().bytes(), StandardCharsets.UTF_8)
                + new String(result.stdout().bytes(), StandardCharsets.UTF_8);
    }
}
