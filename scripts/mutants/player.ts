/** The thread that plays worlds for `npm run mutants`; what is planted into its gate, `plant.ts` has read before. */
import { parentPort } from 'node:worker_threads';
import { runPlan } from '../explore/run-plan.ts';
import { findInterference } from '../explore/twin.ts';
import type { Job } from './jobs.ts';
import { infected } from './probes.ts';

export interface Played {
  /** Promises that were broken. */
  readonly codes: readonly string[];
  /** Of ledger and books; empty where the world did not end. */
  readonly digest: string;
  /** Numbers of the mistakes that would have made a difference; empty without probes. */
  readonly infected: readonly number[];
  /** Of CPU. */
  readonly ms: number;
}

const uncaught: string[] = [];

/** CPU time of this thread where Node tells it (24), ms: how busy the machine is has no part in a verdict. */
function cpuMs(): number {
  const { threadCpuUsage } = process as { threadCpuUsage?: () => { readonly user: number; readonly system: number } };
  if (threadCpuUsage === undefined) return performance.now();
  const { system, user } = threadCpuUsage();
  return (user + system) / 1_000;
}

async function play({ goesOut, hasTwins, plan }: Job): Promise<Played> {
  const startedMs = cpuMs();
  uncaught.length = 0;
  infected.clear();
  const codes: string[] = [];
  let digest = '';
  try {
    const played = await runPlan(plan);
    digest = played.digest;
    codes.push(...played.breaches.map(({ code }) => code));
    const afterMs = goesOut == null ? 0 : played.wentOutAfterMs(goesOut.step);
    if (goesOut != null && (afterMs === null || afterMs > goesOut.withinMs)) codes.push('goes-out-late');
    if (hasTwins) codes.push(...(await findInterference(plan)).map(({ code }) => code));
  } catch {
    codes.push('world-failed');
  }
  if (uncaught.length > 0) codes.push('internal/unhandled');
  return { codes: [...new Set(codes)], digest, infected: [...infected], ms: cpuMs() - startedMs };
}

process.on('unhandledRejection', (error) => uncaught.push(String(error)));
parentPort?.on('message', (job: Job) => void play(job).then((played) => parentPort?.postMessage(played)));
