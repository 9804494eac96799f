package dev.ringfence.api.rest;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** The service also speaks TLS, with a certificate that nobody vouches for: HTTP/2 is spoken there only. */
final class OverTls {
    private static final String PASSWORD = "changeit";

    private OverTls() {}

    /** These settings, and those for TLS. */
    static Map<String, String> and(Map<String, String> settings) {
        var all = new HashMap<>(settings);
        all.put("quarkus.http.test-ssl-port", "0");
        all.put("quarkus.http.ssl.certificate.key-store-file", keyStore().toString());
        all.put("quarkus.http.ssl.certificate.key-store-file-type", "PKCS12");
        all.put("quarkus.http.ssl.certificate.key-store-password", PASSWORD);
        return all;
    }

    /** A client of HTTP/2, which has agreed on it while TLS was set up; it asks this service. */
    static HttpClient http2(Vertx vertx, URI service, HttpClientOptions options) {
        return vertx.createHttpClient(options.setProtocolVersion(HttpVersion.HTTP_2)
                .setDefaultPort(service.getPort())
                .setSsl(true)
                .setUseAlpn(true)
                .setTrustAll(true)
                .setVerifyHost(false));
    }

    private static Path keyStore() {
        try {
            var store = Files.createTempDirectory(Path.of("target"), "tls").resolve("key.p12");
            var keytool = Path.of(System.getProperty("java.home"), "bin", "keytool");
            var made = new ProcessBuilder(
                            keytool.toString(),
                            "-genkeypair",
                            "-alias",
                            "service",
                            "-keyalg",
                            "EC",
                            "-dname",
                            "CN=localhost",
                            "-storetype",
                            "PKCS12",
                            "-storepass",
                            PASSWORD,
                            "-keystore",
                            store.toString())
                    .inheritIO()
                    .start();
            assertThat(made.waitFor()).isZero();
            return store.toAbsolutePath();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
