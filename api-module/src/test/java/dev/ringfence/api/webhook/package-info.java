/** Tests of webhooks' parts. */
@org.jspecify.annotations.NullMarked
package dev.ringfence.api.webhook;
