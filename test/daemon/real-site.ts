import { setTimeout as delay } from 'node:timers/promises';
import { readEnv } from '../../daemon/config/config.ts';
import { type ExchangeSimOptions, startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { createLogger } from '../../daemon/http/logging.ts';
import { startDaemon } from '../../daemon/main.ts';
import { createVenue } from '../../daemon/venue/create-venue.ts';
import { type Rewrites, startRewritingProxy } from './rewriting-proxy.ts';
import type { WorldSite } from './world-site.ts';

export interface SiteOptions {
  readonly sim: ExchangeSimOptions;
  /** Applied to what the exchange answers to the daemon. */
  readonly rewrites: Rewrites | null;
  readonly readWeightPerMinute: number | null;
  /** Orders may leave long after their decision. */
  readonly isPatient: boolean;
}

/** Of the shipped half second a busy machine may have nothing left; what the deadline is for is proven in virtual time. */
const SEND_DEADLINE_MS = 30_000;

/** Sockets on both sides of the daemon, files, and the time of this process. */
export async function openRealSite({
  isPatient,
  sim: options,
  rewrites,
  readWeightPerMinute,
}: SiteOptions): Promise<WorldSite> {
  const started = await startExchangeSim(options);
  const proxy = rewrites === null ? null : await startRewritingProxy(started.url, rewrites);
  const sim = { ...started, fetch };
  return {
    sim,
    launch: (env) => {
      const { config, secrets } = readEnv({ HOLDFAST_PAPER_URL: proxy?.url ?? sim.url, ...env });
      const log = createLogger({ level: config.logLevel, secrets: [secrets.venueKeys.secret] });
      return startDaemon(config, secrets, {
        log,
        signal: new AbortController().signal,
        createVenue: (wanted) => createVenue({ ...wanted, readWeightPerMinute }),
        ...(isPatient ? { sendDeadlineMs: SEND_DEADLINE_MS } : {}),
      });
    },
    control: async (path, body) => {
      const response = await fetch(`${sim.url}/sim/${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { Authorization: `Bearer ${sim.simToken}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const answer: unknown = await response.json();
      if (response.status !== 200) throw new Error(`/sim/${path}: ${JSON.stringify(answer)}`);
      return answer;
    },
    call: async (daemon, { path, ...init }) => {
      const response = await fetch(`${daemon.url}${path}`, init);
      return { status: response.status, text: await response.text() };
    },
    run: (work) => work,
    monotonicMs: () => performance.now(),
    sleep: (ms) => delay(ms),
    close: async () => {
      await proxy?.close();
      await sim.close();
    },
  };
}
