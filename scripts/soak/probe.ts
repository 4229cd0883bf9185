import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';
import type { Sample } from './judge.ts';

/** Loaded into the daemon's process ahead of it: notes every few seconds what the process holds. */
const EVERY_MS = 5_000;
const file = process.env.SOAK_PROBE_FILE;
// Threads of the daemon load it too.
if (file !== undefined && isMainThread) {
  const startedAt = performance.now();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  setInterval(() => {
    // What is garbage by now is no growth. The collection is not among the delays.
    delay.disable();
    const pause_p999_ms = delay.percentile(99.9) / 1e6;
    globalThis.gc?.();
    const { external, heapUsed, rss } = process.memoryUsage();
    const resources: Record<string, number> = {};
    for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
    const at_ms = Math.round(performance.now() - startedAt);
    const sample: Sample = { at_ms, rss, heap: heapUsed, external, resources, pause_p999_ms };
    appendFileSync(file, `${JSON.stringify(sample)}\n`);
    delay.reset();
    delay.enable();
  }, EVERY_MS).unref();
}
