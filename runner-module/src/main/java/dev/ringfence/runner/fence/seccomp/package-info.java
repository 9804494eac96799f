/**
 * Turns what a sandbox profile says about system calls into a seccomp program, as bytes; nothing here touches the
 * kernel.
 *
 * <p>The program looks at the architecture first, then finds the call's number in a balanced tree, and looks at
 * arguments only where the number alone does not decide. So the kernel can tell beforehand which calls are always
 * allowed, and those cost nothing.
 */
@NullMarked
package dev.ringfence.runner.fence.seccomp;

import org.jspecify.annotations.NullMarked;
