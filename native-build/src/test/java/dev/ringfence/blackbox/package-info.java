/** Tests of what was packaged, JVM or native, from outside: over HTTP and the command line only. */
@NullMarked
package dev.ringfence.blackbox;

import org.jspecify.annotations.NullMarked;
