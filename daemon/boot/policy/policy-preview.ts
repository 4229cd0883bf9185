import { Worker } from 'node:worker_threads';
import type { PolicyPreview } from '../../contract/types/policy.ts';
import { type PreviewPort, PreviewUnavailable } from '../../driver/ports.ts';
import type { TimePort } from '../../time/time-port.ts';
import type { PreviewAnswer, PreviewWork } from './policy-preview-worker.ts';

/** Newest first: what a thread decides again within seconds. */
const MAX_DECISIONS = 20_000;
/** One that takes longer is given up. Wall time. */
const LONGEST_MS = 60_000;
const HEAP_MB = 512;
/** That waits while another one runs: a person types, and two consoles may be open. */
const MAX_WAITING = 2;
/** Compiled or not, the worker is the neighbour of this file with the same ending. */
const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

export interface PreviewOptions {
  readonly ledgerPath: string;
  readonly time: TimePort;
  readonly signal: AbortSignal;
  readonly maxDecisions?: number;
}

/** Previews, one after the other, each in a thread of low priority that ends with it. */
export function createPreviewPort(options: PreviewOptions): PreviewPort {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return {
    run(candidate, sinceMs) {
      if (waiting > MAX_WAITING)
        return Promise.reject(new PreviewUnavailable('others wait for a preview; try again in a few seconds'));
      waiting += 1;
      const { ledgerPath, maxDecisions = MAX_DECISIONS } = options;
      const mine = last.then(() => runThread(options, { ledgerPath, maxDecisions, candidate, sinceMs }));
      last = mine
        .catch(() => undefined)
        .finally(() => {
          waiting -= 1;
        });
      return mine;
    },
  };
}

async function runThread({ signal, time }: PreviewOptions, work: PreviewWork): Promise<PolicyPreview> {
  if (signal.aborted) throw new PreviewUnavailable('the daemon stops');
  const worker = new Worker(new URL(`./policy-preview-worker${ENDING}`, import.meta.url), {
    workerData: work,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  const stop = (): void => void worker.terminate();
  signal.addEventListener('abort', stop, { once: true });
  const timer = time.after(LONGEST_MS, stop);
  try {
    return await new Promise<PolicyPreview>((resolve, reject) => {
      worker.once('message', (answer: PreviewAnswer) =>
        answer.ok ? resolve(answer.preview) : reject(new PreviewUnavailable(answer.problem)),
      );
      worker.once('error', (error) => reject(new PreviewUnavailable(`the preview failed: ${error.message}`)));
      worker.once('exit', () => reject(new PreviewUnavailable('the preview was given up')));
    });
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', stop);
    await worker.terminate();
  }
}
