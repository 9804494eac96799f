/** Tests of the probes. */
@org.jspecify.annotations.NullMarked
package dev.ringfence.api.health;
