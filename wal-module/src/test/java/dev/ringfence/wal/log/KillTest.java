package dev.ringfence.wal.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.io.TempDir;

class KillTest {
    @TempDir
    Path directory;

    @RepeatedTest(3)
    void whatAKilledProcessHadAcknowledgedIsRecovered() throws Exception {
        var acknowledged = new ArrayList<Long>();
        try (var child = Child.start(AppendingChild.class, directory.toString(), "8")) {
            for (int i = 0; i < 1_500; i++) {
                acknowledged.add(Long.valueOf(child.line()));
            }
            child.kill().forEach(line -> acknowledged.add(Long.valueOf(line)));
        }

        var recovered = new ArrayList<Long>();
        var options = LogOptions.defaults().withSizes(1 << 16, 1024);
        WriteAheadLog.recover(directory, options, (sequence, time, payload) -> recovered.add(sequence))
                .log()
                .close();

        assertThat(recovered).containsAll(acknowledged).isSorted().doesNotHaveDuplicates();
        // Eight writers have at most eight records under way.
        assertThat(recovered.size() - acknowledged.size()).isBetween(0, 8);
    }
}
