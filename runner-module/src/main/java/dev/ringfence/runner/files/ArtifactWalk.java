package dev.ringfence.runner.files;

import dev.ringfence.runner.files.Artifacts.Collected;
import dev.ringfence.runner.files.Artifacts.Limits;
import dev.ringfence.runner.files.Artifacts.Skipped;
import dev.ringfence.runner.process.HeldDirectory;
import dev.ringfence.runner.process.PathRefused;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One look through what a job left: plain files only, no link is followed, and what is too much is deleted. */
final class ArtifactWalk {
    private static final int DEEPEST = 8;
    private static final int MOST_LOOKED_AT = 2000;
    private static final int MOST_SKIPPED = 20;

    private final HeldDirectory out;
    private final Limits limits;
    private final Checkpoint checkpoint;
    private final List<Artifact> artifacts = new ArrayList<>();
    private final List<Skipped> skipped = new ArrayList<>();
    private long total;
    private int lookedAt;

    ArtifactWalk(HeldDirectory out, Limits limits, Checkpoint checkpoint) {
        this.out = out;
        this.limits = limits;
        this.checkpoint = checkpoint;
    }

    Collected walk() throws IOException {
        directory(out, "", 1);
        return new Collected(List.copyOf(artifacts), List.copyOf(skipped));
    }

    private void directory(HeldDirectory held, String prefix, int depth) throws IOException {
        own(held.path(), "rwx------");
        var names = names(held, prefix);
        for (var name : names) {
            checkpoint.pass();
            if (++lookedAt > MOST_LOOKED_AT) {
                skip(prefix + name, "more than " + MOST_LOOKED_AT + " files and directories were left");
                return;
            }
            entry(held, prefix, name, depth);
        }
    }

    private void entry(HeldDirectory held, String prefix, String name, int depth) throws IOException {
        try (var file = held.file(name)) {
            var inode = Inode.of(file.path());
            if (inode.regular()) {
                regular(held, prefix, name, file.path(), inode);
            } else if (Files.isDirectory(file.path())) {
                if (depth == DEEPEST) {
                    skip(prefix + name, "directories are nested deeper than " + DEEPEST);
                    return;
                }
                try (var child = held.directory(name)) {
                    directory(child, prefix + name + "/", depth + 1);
                }
            } else {
                skip(prefix + name, "it is " + inode.kind());
            }
        } catch (PathRefused e) {
            skip(prefix + name, e.getReason());
        } catch (AccessDeniedException e) {
            skip(prefix + name, "the service may not read it");
        }
    }

    /** A job may have taken all rights away, also from itself, which may be the service's user. */
    private static void own(Path file, String permissions) throws IOException {
        var wanted = PosixFilePermissions.fromString(permissions);
        boolean may = Files.isReadable(file)
                && Files.isWritable(file)
                && (!wanted.contains(PosixFilePermission.OWNER_EXECUTE) || Files.isExecutable(file));
        if (!may) {
            try {
                Files.setPosixFilePermissions(file, wanted);
            } catch (IOException e) {
                throw new AccessDeniedException(file.toString());
            }
        }
    }

    private void regular(HeldDirectory held, String prefix, String name, Path file, Inode inode) throws IOException {
        if (inode.links() > 1) {
            skip(prefix + name, "it has " + inode.links() + " names (hard links)");
        } else if (artifacts.size() == limits.count()) {
            drop(held, prefix, name, "more than " + limits.count() + " files were left");
        } else if (inode.size() > limits.fileBytes()) {
            drop(held, prefix, name, "it has " + inode.size() + " bytes; the limit is " + limits.fileBytes());
        } else if (total + inode.size() > limits.totalBytes()) {
            drop(held, prefix, name, "all files together have more than " + limits.totalBytes() + " bytes");
        } else {
            own(file, "rw-------");
            total += inode.size();
            artifacts.add(new Artifact(prefix + name, inode.size(), Hashes.of(file, checkpoint), MediaTypes.of(name)));
        }
    }

    /** The file would only take room. */
    private void drop(HeldDirectory held, String prefix, String name, String reason) throws IOException {
        held.removeFile(name);
        skip(prefix + name, reason);
    }

    private void skip(String name, String reason) {
        if (skipped.size() < MOST_SKIPPED) {
            skipped.add(new Skipped(name, reason));
        }
    }

    /** In a stable order. Names that are no UTF-8 or hold control characters are skipped. */
    private List<String> names(HeldDirectory held, String prefix) throws IOException {
        var names = new ArrayList<String>();
        try (var entries = Files.newDirectoryStream(held.path())) {
            for (var entry : entries) {
                if (names.size() > MOST_LOOKED_AT) {
                    break;
                }
                var name = name(entry);
                if (name.isEmpty()) {
                    skip(prefix + "?", "its name is no UTF-8, or holds a control character");
                } else {
                    names.add(name.get());
                }
            }
        }
        names.sort(null);
        return names;
    }

    /** The bytes of a name, which Java's own text of it loses in a locale without UTF-8; a URI has them all. */
    private static Optional<String> name(Path entry) {
        var raw = entry.toUri().getRawPath();
        raw = raw.endsWith("/") ? raw.substring(0, raw.length() - 1) : raw;
        raw = raw.substring(raw.lastIndexOf('/') + 1);
        var bytes = new ByteArrayOutputStream();
        for (int i = 0; i < raw.length(); i++) {
            if (raw.charAt(i) == '%') {
                bytes.write(Integer.parseInt(raw, i + 1, i + 3, 16));
                i += 2;
            } else {
                bytes.write(raw.charAt(i));
            }
        }
        try {
            var name = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.toByteArray()))
                    .toString();
            return name.chars().anyMatch(Character::isISOControl) ? Optional.empty() : Optional.of(name);
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }
}
