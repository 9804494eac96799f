@NullMarked
package dev.ringfence.catalog;

import org.jspecify.annotations.NullMarked;
