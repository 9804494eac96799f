package dev.ringfence.wal.log;

import java.util.List;

/**
 * A safeguard taken out of the sources.
 *
 * @param name what is missing then
 * @param file the source, from the log's folder
 * @param line stands there exactly once
 * @param instead stands there in the mutant
 */
record Mutant(String name, String file, String line, String instead) {
    static final List<Mutant> ALL = List.of(
            // Forces
            new Mutant("the force of a file", "DiskStorage", "            channel.force(false);\n", ""),
            new Mutant("the force of a directory", "DiskStorage", "            channel.force(true);\n", ""),
            new Mutant(
                    "sync of what shows that there is room",
                    "LogWriter",
                    "        file().sync();\n        return true;",
                    "        return true;"),
            new Mutant(
                    "sync of a group", "LogWriter", "        file().sync();\n        var synced", "        var synced"),
            new Mutant(
                    "sync of a group taken back",
                    "LogWriter",
                    "            file().sync();\n        } catch (IOException e) {\n            cause",
                    "        } catch (IOException e) {\n            cause"),
            new Mutant(
                    "sync of a recovered segment",
                    "Opening",
                    "        file = opened;\n        opened.sync();\n",
                    "        file = opened;\n"),
            new Mutant(
                    "writing a recovered segment again",
                    "Opening",
                    "            copy(last, 0, last.end(), opened, 0);\n",
                    ""),
            new Mutant(
                    "clearing a torn tail",
                    "Opening",
                    "clear(opened, last.end(), rest)",
                    "clear(opened, last.end(), 0)"),
            new Mutant(
                    "sync of a cleared tail",
                    "Opening",
                    "            throw directory.orNoSpace(e);\n        }\n        opened.sync();\n    }\n",
                    "            throw directory.orNoSpace(e);\n        }\n    }\n"),
            new Mutant("sync of names that were given before", "Recovery", "            directory.syncNames();\n", ""),
            new Mutant("copy of a torn tail once", "Opening", "            kept = true;\n", ""),
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
            new Mutant("damage before a later segment", "SegmentScan", "if (rest() > 0) {", "if (rest() < 0) {"),
            new Mutant("the order of segments", "Recovery", "scan.requireFollowedBy(header);", "{}"),
            new Mutant(
                    "the order of segments, in reading", "LogReader", "scan.requireFollowedBy(next.header());", "{}"),
            new Mutant(
                    "damage before a later group",
                    "Recovery",
                    "if (last.strayFrame().isPresent()) {",
                    "if (last.strayFrame().isPresent() && last.end() < 0) {"),
            new Mutant(
                    "damage before a later group, in reading",
                    "LogReader",
                    "scan.strayFrame().isPresent()",
                    "scan.strayFrame().isPresent() && scan.end() < 0"),
            new Mutant(
                    "end of the log against the snapshot",
                    "Recovery",
                    "fromSequence > lastSequence + 1",
                    "fromSequence < 0"),
            new Mutant("copy of a torn tail", "Opening", "copy(last, last.end(), last.end() + rest, copy, 0)", "{}"),
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
            new Mutant(
                    "an error that nobody expects",
                    "LogWriter",
                    "                failWhateverFor(e);\n",
                    "                return;\n"),
            new Mutant(
                    "those who wait where nobody can be told",
                    "Acknowledger",
                    "            tellAll();\n            throw e;\n",
                    "            throw e;\n"),
            new Mutant("what is used up", "ErrorTexts", "{23, 24, 28, 122}", "{122}"),
            new Mutant(
                    "the C library's language",
                    "ErrorTexts",
                    "IntStream.of(USED_UP).mapToObj(ErrorTexts::of).toList()",
                    "List.of(\"No space left on device\", \"Too many open files\")"),
            new Mutant("a log of which only a tail is left", "KeptSegments", " && !directory.hadSegments()", ""),
            // Beside the log
            new Mutant(
                    "sync of a file beside the log",
                    "../journal/DurableFiles",
                    "                content.writeTo(file);\n                file.sync();\n",
                    "                content.writeTo(file);\n"),
            new Mutant(
                    "sync of a name beside the log",
                    "../journal/DurableFiles",
                    "            storage.rename(unfinished, target);\n            entries.sync();\n",
                    "            storage.rename(unfinished, target);\n"),
            new Mutant(
                    "sync above a directory beside the log",
                    "../journal/DurableFiles",
                    "            syncDirectory(parentOf(directory));\n",
                    ""),
            new Mutant("sync of a blob", "../journal/BlobStore", "            file.sync();\n", ""),
            new Mutant(
                    "a blob over the one that is there",
                    "../journal/BlobStore",
                    "                files.publish(unfinished, directory.resolve(blob.sha256()));\n",
                    "                if (sizeOf(directory.resolve(blob.sha256())) != length) {\n                    files.publish(unfinished, directory.resolve(blob.sha256()));\n                }\n"),
            new Mutant(
                    "hash of a blob",
                    "../journal/BlobStore",
                    "!HexFormat.of().formatHex(digest.digest()).equals(blob.sha256())",
                    "digest.digest().length == 0"),
            new Mutant(
                    "checksum of a snapshot",
                    "../journal/SnapshotFile",
                    "!json(last).path(\"crc32c\").asText().equals(checksum(ByteBuffer.wrap(bytes, 0, last.arrayOffset())))",
                    "json(last).isNull()"),
            new Mutant(
                    "checksum of a block of the index",
                    "../journal/IndexRun",
                    "Hashes.crc32c(content.duplicate()) != bytes.getInt(block.length - 4)",
                    "block.length < 4"),
            new Mutant(
                    "checksum of a tail of the index",
                    "../journal/IndexRun",
                    "Hashes.crc32c(tail.duplicate()) != checksum",
                    "tail.limit() < 0"),
            new Mutant(
                    "magic number of a file of the index",
                    "../journal/IndexRun",
                    "header.getLong() != MAGIC || header",
                    "header.getLong() == 0 || header"),
            new Mutant(
                    "version of a file of the index",
                    "../journal/IndexRun",
                    "header.getInt() != VERSION",
                    "header.getInt() < 0"),
            new Mutant(
                    "magic number at the end of a file of the index",
                    "../journal/IndexRun",
                    "footer.getLong() != MAGIC",
                    "footer.getLong() == 0"),
            new Mutant(
                    "length of a tail of the index",
                    "../journal/IndexRun",
                    "length < 0 || length > LARGEST_TAIL || length > size - HEADER - FOOTER",
                    "size < 0"),
            new Mutant(
                    "format of a snapshot",
                    "../journal/SnapshotFile",
                    "!head.path(\"format\").asText().equals(FORMAT) || ",
                    ""),
            new Mutant(
                    "version of a snapshot",
                    "../journal/SnapshotFile",
                    " || head.path(\"version\").asInt() != VERSION",
                    ""),
            new Mutant(
                    "number of a snapshot's jobs",
                    "../journal/SnapshotFile",
                    "live.size() != liveCount || ended.size() != head.path(\"ended\").asInt()",
                    "live.size() < 0"),
            new Mutant("length of a blob", "../journal/BlobStore", "file.size() != blob.length()", "file.size() < 0"),
            new Mutant("version of an event", "../journal/EventCodec", "version > SCHEMA", "version < 0"),
            new Mutant(
                    "an index that is damaged at the start",
                    "../journal/Recovering",
                    "LogException.Discarded | JournalException.IndexDamaged e",
                    "LogException.Discarded e"),
            new Mutant(
                    "an index that is damaged in use",
                    "../journal/SnapshotKeeper",
                    "            index.damaged(e.why());\n            makeAnew();\n            task.run();\n",
                    "            throw e;\n"),
            new Mutant("blobs without a log", "../journal/Recovering", "            files.requireLog();\n", ""),
            new Mutant(
                    "checksum of the segments' ages",
                    "../journal/SegmentAges",
                    "bytes.getInt(end) != Hashes.crc32c(bytes.slice(0, end))",
                    "end < 0"),
            new Mutant(
                    "age that counts only while the journal is open",
                    "../journal/SegmentAges",
                    "        lookedAt = nanoTime.getAsLong();\n        try",
                    "        lookedAt = nanoTime.getAsLong() - options.retentionAge().toNanos();\n        try"),
            new Mutant(
                    "age of a segment",
                    "../journal/RetentionRule",
                    "ages.of(next).compareTo(options.retentionAge()) >= 0",
                    "ages.of(next).compareTo(options.retentionAge()) >= -1"),
            // The map
            new Mutant(
                    "what is not written again is not discarded",
                    "../map/DurableMap",
                    "            if (done) {\n                log.discardBefore(from);\n            }\n",
                    "            log.discardBefore(from);\n"),
            new Mutant(
                    "where what is written again begins",
                    "../map/DurableMap",
                    "        long from = applied + 1;\n        left = ",
                    "        long from = applied + 8;\n        left = "),
            new Mutant(
                    "a change under way is not overtaken",
                    "../map/DurableMap",
                    "                        .filter(key -> !underWay.containsKey(key))\n",
                    ""),
            new Mutant(
                    "a key whose change was refused is left",
                    "../map/DurableMap",
                    "            if (sequence == 0) {\n                return;\n            }\n",
                    ""),
            new Mutant(
                    "a map whose beginning was given up",
                    "../map/DurableMap",
                    "            return WriteAheadLog.recover(directory, options, e.firstSequence(), replay)\n                    .log();\n",
                    "            throw e;\n"),
            new Mutant(
                    "the end of compacting where it fails",
                    "../map/DurableMap",
                    "                    return false;\n",
                    "                    return true;\n"),
            new Mutant(
                    "a key that is removed",
                    "../map/DurableMap",
                    "            entries.remove(key);\n",
                    "            entries.isEmpty();\n"),
            new Mutant(
                    "hash of the event before",
                    "../journal/EventRecord",
                    "!Arrays.equals(link, 0, LINK_BYTES, payload, 0, LINK_BYTES)",
                    "link.length < LINK_BYTES"),
            new Mutant(
                    "hash of a snapshot's event",
                    "../journal/Recovering",
                    "Arrays.equals(EventRecord.linkTo(payload), snapshot.link())",
                    "snapshot.link().length > 0"),
            new Mutant("lock of the directory", "DirectoryLock", "channel.tryLock() == null", "channel == null"),
            new Mutant("lock within the process", "DirectoryLock", "!HELD.add(real)", "HELD.size() < 0"));

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
