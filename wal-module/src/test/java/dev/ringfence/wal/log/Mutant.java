package dev.ringfence.wal.log;

import java.util.List;

/**
 * A safeguard taken out of the sources.
 *
 * @param name what is missing then
 * @param file the source
 * @param line stands there exactly once
 * @param instead stands there in the mutant
 */
record Mutant(String name, String file, String line, String instead) {
    static final List<Mutant> ALL = List.of(
            // Forces
            without("sync of a group", "LogWriter", "        file.sync();\n        var synced"),
            new Mutant(
                    "sync of a group taken back",
                    "LogWriter",
                    "            file.sync();\n        } catch (IOException e) {\n            cause",
                    "        } catch (IOException e) {\n            cause"),
            new Mutant(
                    "sync of a recovered segment",
                    "Recovery",
                    "            file.sync();\n        } catch (IOException | RuntimeException e) {",
                    "        } catch (IOException | RuntimeException e) {"),
            new Mutant(
                    "writing a recovered segment again",
                    "Recovery",
                    "            copy(last, 0, last.end(), file, 0);\n",
                    ""),
            new Mutant("clearing a torn tail", "Recovery", "            clear(file, last.end(), rest);\n", ""),
            new Mutant(
                    "sync of a reserved file",
                    "SegmentDirectory",
                    "            // Piece by piece, so that those who wait for their records never wait for all of it.\n            file.sync();\n",
                    ""),
            new Mutant(
                    "sync of a segment's header",
                    "SegmentDirectory",
                    "            file.write(header.encode(), 0);\n            file.sync();\n",
                    "            file.write(header.encode(), 0);\n"),
            new Mutant(
                    "sync of a file kept beside",
                    "SegmentDirectory",
                    "                content.writeTo(file);\n                file.sync();\n",
                    "                content.writeTo(file);\n"),
            // Directories
            new Mutant(
                    "sync of a renamed entry",
                    "SegmentDirectory",
                    "                throw orNoSpace(e);\n            }\n            entries.sync();\n",
                    "                throw orNoSpace(e);\n            }\n"),
            new Mutant(
                    "sync of deleted entries",
                    "SegmentDirectory",
                    "                storage.delete(path.resolve(name));\n            }\n            entries.sync();\n",
                    "                storage.delete(path.resolve(name));\n            }\n"),
            new Mutant("sync above a new directory", "DirectoryLock", "                entries.sync();\n", ""),
            new Mutant(
                    "beginning written before the removal", "Retention", "            directory.startAt(first);\n", ""),
            new Mutant(
                    "directory opened before the change",
                    "SegmentDirectory",
                    "        try (var entries = openEntries()) {\n            try {\n                storage.rename(unfinished, target);\n            } catch (IOException e) {\n                throw orNoSpace(e);\n            }\n",
                    "        storage.rename(unfinished, target);\n        try (var entries = openEntries()) {\n"),
            // Checksums
            new Mutant(
                    "checksum of a frame",
                    "SegmentScan",
                    "\n                || Frame.checksum(frame, at, checksum, length) != found",
                    ""),
            new Mutant("chain from frame to frame", "Frame", "        update(crc, previousChecksum);\n", ""),
            new Mutant(
                    "mark of a frame",
                    "SegmentScan",
                    "\n                && frame.getInt(index + Frame.MARK) == Frame.mark(frame, index, headerChecksum, at)",
                    ""),
            new Mutant("checksum of a header", "SegmentHeader", " || bytes.getInt(CHECKSUM) != checksum(bytes)", ""),
            new Mutant("magic of a header", "SegmentHeader", " || bytes.getLong(0) != MAGIC", ""),
            new Mutant("version of a header", "SegmentHeader", "version != VERSION", "version < 0"),
            // Lengths and places
            new Mutant("least length of a frame", "SegmentScan", "length < 1 || ", ""),
            new Mutant("greatest length of a frame", "SegmentScan", "length < 1 || length > room", "length < 1"),
            new Mutant("least length of a marked frame", "SegmentScan", "length >= 1\n", "length >= 0\n"),
            new Mutant("greatest length of a marked frame", "SegmentScan", "\n                && length <= room", ""),
            new Mutant(
                    "sequence number of a frame",
                    "SegmentScan",
                    "frame.getLong(at + Frame.SEQUENCE) != sequence + 1\n                || ",
                    ""),
            new Mutant("size of a file", "SegmentScan", "header.size() != file.size()", "header.size() < 0"),
            new Mutant("number of a segment", "SegmentScan", "header.number() != number", "header.number() < 0"),
            new Mutant("link of a segment", "SegmentScan", " && next.link() == checksum", ""),
            new Mutant(
                    "first sequence number of a segment",
                    "SegmentScan",
                    "next.firstSequence() == sequence + 1 && ",
                    ""),
            new Mutant("missing segments", "KeptSegments", "numbers.get(i) != first + i", "numbers.get(i) < 0"),
            new Mutant(
                    "the segment that the log begins with",
                    "KeptSegments",
                    "start.isPresent() && ",
                    "start.isPresent() && first < 0 && "),
            new Mutant("damage before a later segment", "Recovery", "if (scan.rest() > 0) {", "if (scan.rest() < 0) {"),
            new Mutant(
                    "damage before a later segment, in reading",
                    "LogReader",
                    "if (scan.rest() > 0) {",
                    "if (scan.rest() < 0) {"),
            new Mutant(
                    "damage before a later group",
                    "Recovery",
                    "if (last.strayFrame().isPresent()) {",
                    "if (last.strayFrame().isPresent() && last.end() < 0) {"),
            new Mutant(
                    "end of the log against the snapshot",
                    "Recovery",
                    "fromSequence > lastSequence + 1",
                    "fromSequence < 0"),
            new Mutant("copy of a torn tail", "Recovery", "copy(last, last.end(), last.end() + rest, file, 0)", "{}"),
            new Mutant("size of a record", "SegmentedLog", "size > maxPayloadBytes", "size < 0"),
            new Mutant("bound of the queue", "AppendQueue", "records >= maxRecords", "records < 0"),
            new Mutant("bound of the queue in bytes", "AppendQueue", "bytes + append.size() > maxBytes", "bytes < 0"),
            // Failures
            new Mutant(
                    "end of the writing after a failure",
                    "LogWriter",
                    "        if (failure == null) {\n            write(taken);\n        }\n",
                    "        write(taken);\n"),
            new Mutant(
                    "refusal after a failure",
                    "LogWriter",
                    "        }\n        queue.close();\n    }\n",
                    "        }\n    }\n"),
            new Mutant("lock of the directory", "DirectoryLock", "channel.tryLock() == null", "channel == null"),
            new Mutant("lock within the process", "DirectoryLock", "!HELD.add(real)", "HELD.size() < 0"));

    private static Mutant without(String name, String file, String line) {
        return new Mutant(name, file, line, line.replace("        file.sync();\n", ""));
    }

    /** @throws IllegalStateException if the line is not there, or more than once: then the table has to follow it */
    String applyTo(String source) {
        var at = source.indexOf(line);
        if (at < 0 || source.indexOf(line, at + 1) >= 0) {
            throw new IllegalStateException(
                    "Mutant '" + name + "': " + file + ".java must hold exactly once:\n" + line);
        }
        return source.replace(line, instead);
    }
}
