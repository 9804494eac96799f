/** Tests of sessions. */
@org.jspecify.annotations.NullMarked
package dev.ringfence.api.session;
