package dev.ringfence.api;

import dev.ringfence.api.webhook.Endpoint;
import dev.ringfence.api.webhook.Rules;
import dev.ringfence.api.webhook.Secret;
import dev.ringfence.api.webhook.Webhooks;
import dev.ringfence.wal.log.LogException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Makes the webhooks that are configured. */
final class WebhookConfig {
    private WebhookConfig() {}

    /**
     * Opens them.
     *
     * @throws StartupFailure when a setting cannot hold; the message names it
     */
    static Webhooks open(Path directory, RingfenceConfig.Webhooks config) {
        try {
            var endpoints = new ArrayList<Endpoint>();
            config.endpoints()
                    .forEach((name, endpoint) -> endpoints.add(new Endpoint(
                            name,
                            endpoint.url(),
                            secrets(name, endpoint),
                            endpoint.agents(),
                            endpoint.always(),
                            endpoint.allowPrivate())));
            var rules = new Rules(config.timeout(), config.firstRetry(), config.longestRetry(), config.giveUp());
            return new Webhooks(directory, endpoints, rules);
        } catch (IllegalArgumentException e) {
            throw new StartupFailure(String.valueOf(e.getMessage()), e);
        } catch (LogException e) {
            throw StartupFailure.notOpened(directory, e);
        }
    }

    private static List<Secret> secrets(String name, RingfenceConfig.Webhooks.Endpoint endpoint) {
        var key = "ringfence.webhooks.endpoints." + name + ".secret";
        var secrets = new ArrayList<Secret>();
        endpoint.secret().ifPresent(text -> secrets.add(secret(key, text)));
        endpoint.secretFile().ifPresent(file -> {
            try {
                Files.readString(file)
                        .lines()
                        .map(String::strip)
                        .filter(line -> !line.isEmpty())
                        .forEach(line -> secrets.add(secret(file.toString(), line)));
            } catch (IOException e) {
                throw new StartupFailure(key + "-file: " + file + " cannot be read: " + e, e);
            }
        });
        return secrets;
    }

    private static Secret secret(String where, String text) {
        try {
            return Secret.of(text);
        } catch (IllegalArgumentException e) {
            throw new StartupFailure("the secret of a webhook in " + where + " cannot be used: " + e.getMessage(), e);
        }
    }
}
