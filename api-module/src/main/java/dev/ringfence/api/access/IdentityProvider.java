package dev.ringfence.api.access;

import java.net.URI;
import java.util.Objects;

/**
 * An OpenID Connect provider whose tokens are taken.
 *
 * @param jwks the address of its public keys: https, a file, or http on this host
 * @param issuer what tokens must say in {@code iss}
 * @param audience what tokens must say in {@code aud}; without it, tokens meant for others would be taken
 * @param agentClaim the claim that names the agent
 * @param adminGroup whoever has this in the claim {@code groups} is an administrator
 */
public record IdentityProvider(String jwks, String issuer, String audience, String agentClaim, String adminGroup) {
    /**
     * Checks where the keys come from.
     *
     * @throws IllegalArgumentException when the keys would come over a connection that anyone could have tampered with
     */
    public IdentityProvider {
        var uri = URI.create(jwks);
        boolean local = "localhost".equals(uri.getHost()) || "127.0.0.1".equals(uri.getHost());
        boolean safe = "https".equals(uri.getScheme())
                || "file".equals(uri.getScheme())
                || ("http".equals(uri.getScheme()) && local);
        if (!safe) {
            throw new IllegalArgumentException(
                    "the provider's keys must come over https:, from a file: or from http: of this host, not from "
                            + jwks);
        }
        Objects.requireNonNull(issuer);
        Objects.requireNonNull(audience);
        Objects.requireNonNull(agentClaim);
        Objects.requireNonNull(adminGroup);
    }
}
