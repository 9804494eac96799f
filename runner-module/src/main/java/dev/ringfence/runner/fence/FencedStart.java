package dev.ringfence.runner.fence;

import dev.ringfence.runner.process.ProcessRequest;

/** How a fenced program is started and by whom it is watched. */
record FencedStart(ProcessRequest request, TierSupervisor supervisor) {}
