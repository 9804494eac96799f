/** Hostile programs against a service of their own, in every tier and as every kind of user. */
@org.jspecify.annotations.NullMarked
package dev.ringfence.runner.abuse;
