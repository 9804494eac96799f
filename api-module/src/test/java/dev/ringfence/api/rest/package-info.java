@NullMarked
package dev.ringfence.api.rest;

import org.jspecify.annotations.NullMarked;
