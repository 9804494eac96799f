package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.Payload;
import java.util.Arrays;

/**
 * An event as a record of the log: the SHA-256 hash of the record before it, zeros for the first, then the event's JSON.
 * The hash covers the whole record before, with the hash in it, so each record vouches for all that precede it.
 */
final class EventRecord implements Payload {
    static final int LINK_BYTES = 32;

    private final byte[] json;

    private EventRecord(byte[] json) {
        this.json = json;
    }

    static EventRecord of(JournalEvent event, int maxEventBytes) {
        var json = EventCodec.encode(event);
        if (json.length > maxEventBytes) {
            throw new JournalException.TooLarge(event, json.length, maxEventBytes);
        }
        return new EventRecord(json);
    }

    @Override
    public int size() {
        return LINK_BYTES + json.length;
    }

    @Override
    public byte[] after(byte[] previous) {
        var payload = Arrays.copyOf(linkTo(previous), size());
        System.arraycopy(json, 0, payload, LINK_BYTES, json.length);
        return payload;
    }

    /** The hash that the record after this one carries. */
    static byte[] linkTo(byte[] previous) {
        if (previous.length == 0) {
            return new byte[LINK_BYTES];
        }
        return Hashes.sha256().digest(previous);
    }

    /**
     * @throws JournalException.Broken if the record does not follow the one with this link
     */
    static JournalEvent decode(long sequence, byte[] link, byte[] payload) {
        if (payload.length < LINK_BYTES) {
            throw new JournalException.Broken(sequence, "it is too short to carry a hash", null);
        }
        if (!Arrays.equals(link, 0, LINK_BYTES, payload, 0, LINK_BYTES)) {
            throw new JournalException.Broken(sequence, "its hash of the event before is not that event's", null);
        }
        return EventCodec.decode(sequence, payload, LINK_BYTES, payload.length - LINK_BYTES);
    }

    /** The event alone, when the record before it is not at hand. */
    static JournalEvent decodeUnlinked(long sequence, byte[] payload) {
        return decode(sequence, payload, payload);
    }
}
