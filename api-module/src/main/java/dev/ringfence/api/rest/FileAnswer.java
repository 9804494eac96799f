package dev.ringfence.api.rest;

import java.io.InputStream;

/**
 * An open file as an answer; sending it closes it.
 *
 * @param length how many bytes are sent
 */
record FileAnswer(InputStream content, long length) {}
