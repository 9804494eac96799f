package log;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;

/**
 * SQLite with a write-ahead log and {@code synchronous=FULL}: each record is an insert with a commit of its own through
 * a prepared statement, called straight from Java. SQLite has one writer at a time, so one thread and one connection
 * serve all writers: more of them would only wait for each other's lock.
 */
final class Sqlite implements Load.Target, AutoCloseable {
    private static final int DONE = 101;

    private record Task(Consumer<Throwable> done) {}

    private final Arena arena = Arena.ofShared();
    private final SymbolLookup library;
    private final MemorySegment database;
    private final MemorySegment insert;
    private final MethodHandle step;
    private final MethodHandle reset;
    private final LinkedBlockingQueue<Task> tasks = new LinkedBlockingQueue<>();
    private final Thread thread = new Thread(this::serve, "sqlite");

    private Sqlite(Path directory, SymbolLookup library, byte[] payload) throws Throwable {
        this.library = library;
        var reference = arena.allocate(ADDRESS);
        check((int) function("sqlite3_open", ADDRESS, ADDRESS)
                .invoke(arena.allocateFrom(directory.resolve("db").toString()), reference));
        database = reference.get(ADDRESS, 0);
        execute("PRAGMA journal_mode=WAL");
        execute("PRAGMA synchronous=FULL");
        execute("CREATE TABLE log (sequence INTEGER PRIMARY KEY, payload BLOB)");
        check((int) function("sqlite3_prepare_v2", ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS)
                .invoke(database, arena.allocateFrom("INSERT INTO log (payload) VALUES (?)"), -1, reference, MemorySegment.NULL));
        insert = reference.get(ADDRESS, 0);
        var bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, payload);
        check((int) function("sqlite3_bind_blob", ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS)
                .invoke(insert, 1, bytes, payload.length, MemorySegment.NULL));
        step = function("sqlite3_step", ADDRESS);
        reset = function("sqlite3_reset", ADDRESS);
        thread.setDaemon(true);
        thread.start();
    }

    /** Returns nothing where there is no SQLite. */
    static Load.Result run(Path directory, byte[] payload, int writers, double seconds) throws Exception {
        SymbolLookup library;
        try {
            library = SymbolLookup.libraryLookup("libsqlite3.so.0", Arena.global());
        } catch (IllegalArgumentException e) {
            return null;
        }
        try (var sqlite = new Sqlite(directory, library, payload)) {
            return Load.run(sqlite, writers, seconds);
        } catch (Exception | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void append(int writer, Consumer<Throwable> done) {
        tasks.add(new Task(done));
    }

    private void serve() {
        try {
            while (true) {
                var task = tasks.take();
                Throwable failure = null;
                try {
                    var code = (int) step.invoke(insert);
                    failure = code == DONE ? null : new IllegalStateException("sqlite3_step: " + code);
                    check((int) reset.invoke(insert));
                } catch (Throwable e) {
                    failure = e;
                }
                task.done().accept(failure);
            }
        } catch (InterruptedException e) {
            // Closed.
        }
    }

    private void execute(String sql) throws Throwable {
        check((int) function("sqlite3_exec", ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS)
                .invoke(database, arena.allocateFrom(sql), MemorySegment.NULL, MemorySegment.NULL, MemorySegment.NULL));
    }

    private MethodHandle function(String name, MemoryLayout... parameters) {
        return Linker.nativeLinker()
                .downcallHandle(library.find(name).orElseThrow(), FunctionDescriptor.of(JAVA_INT, parameters));
    }

    private static void check(int code) {
        if (code != 0) {
            throw new IllegalStateException("SQLite's code " + code);
        }
    }

    @Override
    public void close() throws Exception {
        thread.interrupt();
        thread.join();
        try {
            check((int) function("sqlite3_finalize", ADDRESS).invoke(insert));
            check((int) function("sqlite3_close", ADDRESS).invoke(database));
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        arena.close();
    }
}
