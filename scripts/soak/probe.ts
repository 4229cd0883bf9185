import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Sample } from './judge.ts';

/** Loaded into the daemon's process ahead of it: notes every few seconds what the process holds. */
const EVERY_MS = 5_000;
/**
 * One sample in so many is taken after a collection of all garbage: what is garbage by then is no growth. More of them
 * would measure themselves: each moves what is young into pages of its own, and V8 then begins none by itself.
 */
const COLLECTED = 12;
const file = process.env.SOAK_PROBE_FILE;
if (file !== undefined) {
  const startedAt = performance.now();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let heap = process.memoryUsage().heapUsed;
  let taken = 0;
  setInterval(() => {
    // The collection is not among the delays.
    delay.disable();
    const pause_p999_ms = delay.percentile(99.9) / 1e6;
    const { external, rss } = process.memoryUsage();
    taken += 1;
    if (taken % COLLECTED === 0) {
      globalThis.gc?.();
      heap = process.memoryUsage().heapUsed;
    }
    const resources: Record<string, number> = {};
    for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
    const at_ms = Math.round(performance.now() - startedAt);
    const sample: Sample = { at_ms, rss, heap, external, resources, pause_p999_ms };
    appendFileSync(file, `${JSON.stringify(sample)}\n`);
    delay.reset();
    delay.enable();
  }, EVERY_MS).unref();
}
