package dev.ringfence.runner.files;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.runner.process.DirectoryTrees;
import dev.ringfence.runner.process.HeldDirectory;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;

/**
 * Files that jobs leave as part of their results, one directory for each job. A job writes into its own output
 * directory; when nothing of it is left, what is there is listed, and only what is listed can be read. Old ones go.
 * Thread-safe; all methods block.
 */
public final class Artifacts {
    private static final Logger LOG = Logger.getLogger(Artifacts.class);
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Pattern JOB = Pattern.compile("[A-Za-z0-9_-]{1,80}");
    private static final Duration SWEEP = Duration.ofMinutes(1);
    private static final String OUT = "out";
    private static final String INDEX = "index.json";

    private final Path directory;
    private final Limits limits;
    private final Duration longest;
    private Instant swept = Instant.EPOCH;

    /** Jobs whose directory may still be written to, however old it is. */
    private final Set<String> open = ConcurrentHashMap.newKeySet();

    /**
     * What a job may leave.
     *
     * @param count how many files
     * @param fileBytes the size of one
     * @param totalBytes the size of all
     */
    public record Limits(int count, long fileBytes, long totalBytes) {}

    /** Something that was left and is no artefact. */
    public record Skipped(String name, String reason) {}

    /** What a job left. */
    public record Collected(List<Artifact> artifacts, List<Skipped> skipped) {}

    /**
     * @param longest how long the files of a job are kept
     */
    public Artifacts(Path directory, Limits limits, Duration longest) {
        this.directory = directory;
        this.limits = limits;
        this.longest = longest;
    }

    /**
     * Makes the output directory of a job. It stays until it is collected or deleted.
     *
     * @param user whose it is; empty for the service's own
     */
    public Path open(String jobId, OptionalInt user) {
        var out = place(jobId).resolve(OUT);
        open.add(jobId);
        sweep();
        try {
            Files.createDirectories(directory, Owner.PASSABLE_DIRECTORY);
            Files.createDirectories(place(jobId), Owner.PASSABLE_DIRECTORY);
            Files.createDirectories(out, Owner.ONLY_DIRECTORY);
            if (user.isPresent()) {
                try (var held = HeldDirectory.of(out)) {
                    new Owner(user.getAsInt(), user.getAsInt()).give(held);
                }
            }
            return out.toRealPath();
        } catch (IOException e) {
            open.remove(jobId);
            throw new UncheckedIOException("the output directory of job " + jobId + " cannot be made: " + e, e);
        }
    }

    /** Lists what a job left; nothing of the job may be running any more. */
    public Collected collect(String jobId, Checkpoint checkpoint) {
        var place = place(jobId);
        try (var out = HeldDirectory.of(place.resolve(OUT))) {
            var collected = new ArtifactWalk(out, limits, checkpoint).walk();
            if (collected.artifacts().isEmpty()) {
                DirectoryTrees.delete(place);
                return collected;
            }
            var index = JsonNodeFactory.instance.arrayNode();
            collected.artifacts().forEach(artifact -> index.add(artifact.json()));
            DurableFile.write(place.resolve(INDEX), index.toString().getBytes(StandardCharsets.UTF_8));
            return collected;
        } catch (IOException e) {
            throw new UncheckedIOException("what job " + jobId + " left could not be listed", e);
        } finally {
            open.remove(jobId);
        }
    }

    /** The listed files of a job; none when it left none, or they have gone. */
    public List<Artifact> list(String jobId) {
        if (!JOB.matcher(jobId).matches()) {
            return List.of();
        }
        sweep();
        try {
            var place = place(jobId);
            if (old(place, Instant.now())) {
                return List.of();
            }
            var json = JSON.readTree(Files.readAllBytes(place.resolve(INDEX)));
            return json.valueStream().map(Artifact::of).toList();
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException("the artefacts of job " + jobId + " cannot be listed", e);
        }
    }

    /** Opens a listed file; the caller closes it. Empty when there is none of that name. */
    public Optional<InputStream> open(String jobId, Artifact artifact) {
        try (var out = HeldDirectory.of(place(jobId).resolve(OUT));
                var file = out.file(artifact.name())) {
            var inode = Inode.of(file.path());
            return inode.regular() && inode.size() == artifact.size()
                    ? Optional.of(Files.newInputStream(file.path()))
                    : Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "the artefact " + artifact.name() + " of job " + jobId + " cannot be read", e);
        }
    }

    /** Deletes all that a job left; it must have ended. */
    public void delete(String jobId) {
        try {
            DirectoryTrees.delete(place(jobId));
        } finally {
            open.remove(jobId);
        }
    }

    /** Removes what is too old, now and then. */
    private void sweep() {
        sweep(Instant.now());
    }

    void sweep(Instant now) {
        synchronized (this) {
            if (now.isBefore(swept.plus(SWEEP))) {
                return;
            }
            swept = now;
        }
        try (var places = Files.newDirectoryStream(directory)) {
            places.forEach(place -> sweep(place, now));
        } catch (NoSuchFileException e) {
            LOG.debug("no job has left anything yet");
        } catch (IOException | DirectoryIteratorException e) {
            LOG.warnf(e, "old artefacts below %s could not be looked for", directory);
        }
    }

    private void sweep(Path place, Instant now) {
        try {
            if (old(place, now) && !open.contains(place.getFileName().toString())) {
                DirectoryTrees.delete(place);
            }
        } catch (NoSuchFileException e) {
            LOG.debugf("another thread removed %s just now", place);
        } catch (IOException | UncheckedIOException e) {
            LOG.warnf(e, "the old artefacts in %s could not be removed", place);
        }
    }

    private boolean old(Path place, Instant now) throws IOException {
        return Files.getLastModifiedTime(place).toInstant().isBefore(now.minus(longest));
    }

    private Path place(String jobId) {
        if (!JOB.matcher(jobId).matches()) {
            throw new IllegalArgumentException("not an id that a job can have: " + jobId);
        }
        return directory.resolve(jobId);
    }
}
