/** Tests of journals. */
@org.jspecify.annotations.NullMarked
package dev.ringfence.api.journal;
