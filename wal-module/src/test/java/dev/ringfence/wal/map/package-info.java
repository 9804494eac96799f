/** Tests of the durable map. */
@org.jspecify.annotations.NullMarked
package dev.ringfence.wal.map;
