/** Files of agents: what may be reached, how it is changed safely, and how a change is taken back. */
@NullMarked
package dev.ringfence.runner.files;

import org.jspecify.annotations.NullMarked;
