@NullMarked
package dev.ringfence.api.job;

import org.jspecify.annotations.NullMarked;
