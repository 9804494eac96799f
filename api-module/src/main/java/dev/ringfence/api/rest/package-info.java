/** The native HTTP API: resources, what they show, and how errors become problem details. */
@NullMarked
package dev.ringfence.api.rest;

import org.jspecify.annotations.NullMarked;
