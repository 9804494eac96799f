/**
 * Asks models: llama.cpp's server, kept warm in a fence of its own; where a host has none, its program for one request,
 * which loads the model each time; and the services of remote models.
 */
@NullMarked
package dev.ringfence.runner.engine;

import org.jspecify.annotations.NullMarked;
