/**
 * The only way out of a fence whose network is restricted: an HTTP proxy for each job, which lets through what the
 * job's profile lists and nothing else.
 */
@NullMarked
package dev.ringfence.runner.fence.egress;

import org.jspecify.annotations.NullMarked;
