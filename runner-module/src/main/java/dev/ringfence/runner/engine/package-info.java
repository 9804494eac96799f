/** Programs that run models: llama.cpp's server, kept warm in a fence of its own. */
@NullMarked
package dev.ringfence.runner.engine;

import org.jspecify.annotations.NullMarked;
