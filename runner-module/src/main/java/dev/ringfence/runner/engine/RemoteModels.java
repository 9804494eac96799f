package dev.ringfence.runner.engine;

import dev.ringfence.catalog.Provider;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Models that run elsewhere and are asked over HTTP: OpenAI's and Anthropic's APIs, and whatever else speaks the first of
 * them, such as another Ringfence. Redirects are not followed: nobody but the operator says who gets the key. Thread-safe.
 */
public final class RemoteModels implements AutoCloseable {
    private static final int MOST_WAITING = 256;

    private final Alarms alarms = new Alarms();

    /** By the time to connect in, which a client has for all of its requests. */
    private final Map<Duration, HttpClient> clients = new ConcurrentHashMap<>();

    /** By model and how it is reached: a changed one has its own. */
    private final Map<Key, Service> services = new ConcurrentHashMap<>();

    private record Key(String model, Provider.Remote provider) {}

    /**
     * What all requests to a model have in common.
     *
     * @param turns those that may be under way
     */
    private record Service(Turns turns, RemoteHealth health) {}

    /**
     * A model to be asked. Nothing is sent before that.
     *
     * @param id the catalog's
     * @param longest how long a request may take
     */
    public ServedModel serve(String id, Provider.Remote provider, Duration longest) {
        return new Served(id, provider, longest);
    }

    private final class Served implements ServedModel {
        private final String id;
        private final Provider.Remote provider;
        private final Duration longest;

        Served(String id, Provider.Remote provider, Duration longest) {
            this.id = id;
            this.provider = provider;
            this.longest = longest;
        }

        @Override
        public String id() {
            return id;
        }

        @Override
        public Duration longest() {
            return longest;
        }

        @Override
        public List<String> passesOver(GenerationRequest request) {
            return provider instanceof Provider.Anthropic ? PassedOver.services(request.body()) : List.of();
        }

        @Override
        public Generation generate(GenerationRequest request, Duration limit, GenerationListener listener) {
            var access = provider.access();
            var client = clients.computeIfAbsent(access.connectTimeout(), RemoteModels::client);
            var service = services.computeIfAbsent(
                    new Key(id, provider),
                    _ -> new Service(
                            new Turns(access.parallel(), MOST_WAITING, this::full),
                            new RemoteHealth(id, System::nanoTime)));
            var call = new RemoteCall(id, provider, client, alarms, service.health());
            var task = new RemoteTask(id, call, service.turns(), request, limit, listener, alarms);
            task.start();
            return task;
        }

        private EngineException.Saturated full(int waiting, int ofAgent) {
            return new EngineException.Saturated(
                    "%d requests wait already for model %s, %d of them of the same agent; max_parallel in the catalog says"
                                    .formatted(waiting, id, ofAgent)
                            + " how many are under way at the same time",
                    Duration.ofSeconds(1),
                    waiting + 1);
        }
    }

    private static HttpClient client(Duration connectTimeout) {
        return HttpClient.newBuilder()
                .connectTimeout(connectTimeout)
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
    }

    /** Breaks off what is under way. */
    @Override
    public void close() {
        alarms.close();
        clients.values().forEach(HttpClient::shutdownNow);
    }
}
