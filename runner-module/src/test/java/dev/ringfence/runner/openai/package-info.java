@NullMarked
package dev.ringfence.runner.openai;

import org.jspecify.annotations.NullMarked;
