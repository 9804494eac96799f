package dev.ringfence.runner.files;

import java.util.List;
import java.util.Optional;

/**
 * A file after a change, or as it would be.
 *
 * @param created whether there was none before
 * @param before the hash of what was there, as SHA-256 in hexadecimal
 * @param made the directories that were made for it, relative to the root
 */
public record Written(long size, String sha256, boolean created, Optional<String> before, List<String> made) {}
