package dev.ringfence.api.cli;

import dev.ringfence.api.RingfenceConfig;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** The demo, beside the service in one process: it acts as any client would, over HTTP. */
public final class DemoApplication implements QuarkusApplication {
    private final RingfenceConfig config;
    private final int port;

    DemoApplication(RingfenceConfig config, @ConfigProperty(name = "quarkus.http.port") int port) {
        this.config = config;
        this.port = port;
    }

    @Override
    public int run(String... args) throws Exception {
        boolean once = args.length > 0 && Boolean.parseBoolean(args[0]);
        var out =
                new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), true, StandardCharsets.UTF_8);
        var show = new DemoShow(out, URI.create("http://127.0.0.1:" + port), config.data());
        boolean well = show.play();
        if (once) {
            return well ? 0 : ExitCodes.FAILED;
        }
        show.invite();
        Quarkus.waitForExit();
        return 0;
    }
}
