@NullMarked
package dev.ringfence.runner.files;

import org.jspecify.annotations.NullMarked;
