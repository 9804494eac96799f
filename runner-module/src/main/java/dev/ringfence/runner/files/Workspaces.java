package dev.ringfence.runner.files;

import dev.ringfence.runner.process.DirectoryTrees;
import dev.ringfence.runner.process.HeldDirectory;
import dev.ringfence.runner.process.ProcessEngine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A directory for each agent and session that lasts from job to job. When the service is root, each has an owner of its
 * own, and the jobs that work there run as that user. Thread-safe; blocks.
 */
public final class Workspaces {
    /** How many users workspaces have between them: with the 4096 of single jobs that makes 65536. */
    private static final int USERS = 65_536 - 4096;

    private final Path directory;
    private final int firstUser;

    /**
     * @param firstUser where the users of workspaces begin, when the service is root
     */
    public Workspaces(Path directory, int firstUser) {
        this.directory = directory;
        this.firstUser = firstUser;
    }

    /**
     * The workspace of an agent's session, or of all its jobs without one; made when it is missing.
     *
     * @throws UncheckedIOException when it cannot be made
     */
    Path of(String agent, Optional<String> session) {
        var place = place(agent, session);
        if (!Files.isDirectory(place)) {
            make(place, agent, session);
        }
        return real(place);
    }

    /** It gets its name when it is as it has to be: nobody works in one that is not, nor is one left by a crash. */
    private synchronized void make(Path place, String agent, Optional<String> session) {
        if (Files.isDirectory(place)) {
            return;
        }
        // No agent's name begins so.
        var fresh = directory.resolve(".new-" + place.getFileName());
        try {
            Files.createDirectories(directory, Owner.PASSABLE_DIRECTORY);
            DirectoryTrees.delete(fresh);
            Files.createDirectory(fresh, Owner.ONLY_DIRECTORY);
            if (user(agent, session).isPresent()) {
                // A fence is entered by root without the right to pass over permissions: its group may pass.
                try (var held = HeldDirectory.of(fresh)) {
                    new Owner(number(agent, session), 0).give(held);
                    Files.setPosixFilePermissions(held.path(), PosixFilePermissions.fromString("rwx--x---"));
                }
            }
            Files.move(fresh, place, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException("the workspace of " + agent + " cannot be made: " + e, e);
        }
    }

    /** A program that sees the host's tree of directories is let into this one under its real name only. */
    private static Path real(Path place) {
        try {
            return place.toRealPath();
        } catch (IOException e) {
            throw new UncheckedIOException(place + " cannot be reached: " + e, e);
        }
    }

    /** Whom its programs run as; empty when the service cannot change that. */
    OptionalInt user(String agent, Optional<String> session) {
        return ProcessEngine.effectiveUser() == 0 ? OptionalInt.of(number(agent, session)) : OptionalInt.empty();
    }

    /**
     * Deletes the workspace of a session; none of its jobs may be running.
     *
     * @throws UncheckedIOException when some of it could not be deleted
     */
    void delete(String agent, Optional<String> session) {
        DirectoryTrees.delete(place(agent, session));
    }

    /** The name says whose it is; the hash makes it the only one, whatever characters the agent's name has. */
    private Path place(String agent, Optional<String> session) {
        var plain = agent.replaceAll("[^A-Za-z0-9_-]", "_");
        var name = plain.substring(0, Math.min(40, plain.length())) + "-"
                + HexFormat.of().formatHex(hash(agent, session), 0, 12);
        return directory.resolve(name);
    }

    /** Two may share a number by chance: what keeps them apart is that each sees its own workspace only. */
    private int number(String agent, Optional<String> session) {
        return firstUser
                + Math.floorMod(ByteBuffer.wrap(hash(agent, session), 12, 4).getInt(), USERS);
    }

    private static byte[] hash(String agent, Optional<String> session) {
        var digest = Hashes.sha256();
        digest.update(agent.getBytes(StandardCharsets.UTF_8));
        session.ifPresent(name -> {
            digest.update((byte) 0);
            digest.update(name.getBytes(StandardCharsets.UTF_8));
        });
        return digest.digest();
    }
}
