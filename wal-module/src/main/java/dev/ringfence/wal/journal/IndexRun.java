package dev.ringfence.wal.journal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongFunction;

/**
 * A file of the index: summaries of ended jobs in the order of their submission, in blocks. Written once, never changed.
 * Only where the blocks are and what the file certainly lacks is in memory. The layout is in the package's description.
 */
final class IndexRun {
    private static final long MAGIC = 0x52494E474649_4458L; // "RINGFIDX"
    private static final int VERSION = 1;
    private static final int HEADER = 16;
    private static final int FOOTER = 16;
    private static final int BLOCK_BYTES = 16 * 1024;
    private static final int LARGEST_TAIL = 64 << 20;

    private record Block(long firstSequence, int offset, int length) {}

    private final DurableFiles files;
    private final Path file;
    private final List<Block> blocks;
    private final Bloom names;
    private final long lastSequence;

    private IndexRun(DurableFiles files, Path file, List<Block> blocks, Bloom names, long lastSequence) {
        this.files = files;
        this.file = file;
        this.blocks = blocks;
        this.names = names;
        this.lastSequence = lastSequence;
    }

    /**
     * Writes rows to a file, durably. One that is there already with other bytes stays as it is: a snapshot may name it.
     *
     * @param names gives the name to try after so many others
     */
    static IndexRun write(DurableFiles files, LongFunction<Path> names, List<JobSummary> rows) throws IOException {
        var sorted = rows.stream()
                .sorted(Comparator.comparingLong(JobSummary::firstSequence))
                .toList();
        var bloom = Bloom.forEntries(2 * rows.size());
        var blocks = new ArrayList<Block>();
        var body = new ByteArrayOutputStream(1 << 20);
        body.writeBytes(ByteBuffer.allocate(HEADER)
                .putLong(MAGIC)
                .putInt(VERSION)
                .putInt(0)
                .array());
        var block = new ByteArrayOutputStream(BLOCK_BYTES + 4096);
        long first = -1;
        for (var row : sorted) {
            first = first < 0 ? row.firstSequence() : first;
            bloom.add(nameOf(row.jobId()));
            if (row.idempotencyKey() != null) {
                bloom.add(nameOf(row.agent(), row.idempotencyKey()));
            }
            var bytes = RowCodec.encode(row);
            block.writeBytes(ByteBuffer.allocate(4).putInt(bytes.length).array());
            block.writeBytes(bytes);
            if (block.size() >= BLOCK_BYTES) {
                blocks.add(close(body, block, first));
                first = -1;
            }
        }
        if (block.size() > 0) {
            blocks.add(close(body, block, first));
        }
        var last = sorted.getLast().firstSequence();
        var tail = tail(blocks, bloom, last);
        body.writeBytes(tail);
        body.writeBytes(ByteBuffer.allocate(FOOTER)
                .putInt(tail.length)
                .putInt(Hashes.crc32c(ByteBuffer.wrap(tail)))
                .putLong(MAGIC)
                .array());
        var bytes = ByteBuffer.wrap(body.toByteArray());
        long tried = 0;
        while (isOther(files, names.apply(tried), bytes)) {
            tried++;
        }
        files.write(names.apply(tried), bytes);
        return new IndexRun(files, names.apply(tried), List.copyOf(blocks), bloom, last);
    }

    private static boolean isOther(DurableFiles files, Path file, ByteBuffer bytes) {
        try {
            return files.storage().exists(file) && !files.read(file).equals(bytes);
        } catch (IOException | ArithmeticException e) {
            return true;
        }
    }

    private static Block close(ByteArrayOutputStream body, ByteArrayOutputStream block, long first) {
        var bytes = block.toByteArray();
        block.reset();
        var at = new Block(first, body.size(), bytes.length + 4);
        body.writeBytes(bytes);
        body.writeBytes(ByteBuffer.allocate(4)
                .putInt(Hashes.crc32c(ByteBuffer.wrap(bytes)))
                .array());
        return at;
    }

    private static byte[] tail(List<Block> blocks, Bloom names, long last) {
        var bits = names.bits();
        var tail = ByteBuffer.allocate(8 + 4 + 16 * blocks.size() + 4 + bits.length);
        tail.putLong(last).putInt(blocks.size());
        blocks.forEach(
                block -> tail.putLong(block.firstSequence).putInt(block.offset).putInt(block.length));
        tail.putInt(bits.length).put(bits);
        return tail.array();
    }

    /**
     * Opens a file of the index and reads its tail.
     *
     * @throws IOException if it is not there, not whole, or of another version
     */
    static IndexRun open(DurableFiles files, Path file) throws IOException {
        try (var channel = files.storage().openToRead(file)) {
            var size = channel.size();
            if (size < HEADER + FOOTER) {
                throw damaged(file, "it is too short");
            }
            var header = DurableFiles.read(channel, 0, HEADER);
            var footer = DurableFiles.read(channel, size - FOOTER, FOOTER);
            var length = footer.getInt();
            var checksum = footer.getInt();
            if (header.getLong() != MAGIC || header.getInt() != VERSION || footer.getLong() != MAGIC) {
                throw damaged(file, "it is not a file of this version's index");
            }
            if (length < 0 || length > LARGEST_TAIL || length > size - HEADER - FOOTER) {
                throw damaged(file, "its tail cannot have " + length + " bytes");
            }
            var tail = DurableFiles.read(channel, size - FOOTER - length, length);
            if (Hashes.crc32c(tail.duplicate()) != checksum) {
                throw damaged(file, "its tail's checksum is wrong");
            }
            return of(files, file, tail);
        }
    }

    private static IndexRun of(DurableFiles files, Path file, ByteBuffer tail) {
        var last = tail.getLong();
        var blocks = new ArrayList<Block>();
        for (int left = tail.getInt(); left > 0; left--) {
            blocks.add(new Block(tail.getLong(), tail.getInt(), tail.getInt()));
        }
        var bits = new byte[tail.getInt()];
        tail.get(bits);
        return new IndexRun(files, file, List.copyOf(blocks), Bloom.of(bits), last);
    }

    static long nameOf(String id) {
        return Hashes.spread(id);
    }

    static long nameOf(String agent, String key) {
        return Hashes.spread(agent.length() + ":" + agent + key);
    }

    Path file() {
        return file;
    }

    /** The newest submission of its jobs. */
    long lastSequence() {
        return lastSequence;
    }

    /** The oldest submission of its jobs. */
    long firstSequence() {
        return blocks.getFirst().firstSequence;
    }

    boolean mayHave(long name) {
        return names.mayHave(name);
    }

    int blocks() {
        return blocks.size();
    }

    /** The number of the last block with a job that was submitted before a sequence number; -1 if there is none. */
    int blockBefore(long sequence) {
        int low = 0;
        int high = blocks.size();
        while (low < high) {
            int middle = (low + high) / 2;
            if (blocks.get(middle).firstSequence < sequence) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low - 1;
    }

    /**
     * The rows of a block, the oldest first.
     *
     * @throws JournalException.IndexDamaged if they cannot be read or are not what was written
     */
    List<JobSummary> rows(int number) {
        try {
            return read(blocks.get(number));
        } catch (IOException e) {
            throw new JournalException.IndexDamaged(String.valueOf(e.getMessage()), e);
        }
    }

    private List<JobSummary> read(Block block) throws IOException {
        ByteBuffer bytes;
        try (var channel = files.storage().openToRead(file)) {
            bytes = DurableFiles.read(channel, block.offset, block.length);
        }
        var content = bytes.slice(0, block.length - 4);
        if (Hashes.crc32c(content.duplicate()) != bytes.getInt(block.length - 4)) {
            throw damaged(file, "the checksum of the block at " + block.offset + " is wrong");
        }
        var rows = new ArrayList<JobSummary>();
        try {
            while (content.hasRemaining()) {
                var length = content.getInt();
                rows.add(RowCodec.decode(content.slice(content.position(), length)));
                content.position(content.position() + length);
            }
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new IOException(file + " is damaged: " + e.getMessage(), e);
        }
        return rows;
    }

    private static IOException damaged(Path file, String what) {
        return new IOException(file + " is damaged: " + what);
    }
}
