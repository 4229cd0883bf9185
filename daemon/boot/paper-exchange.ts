import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config, Secrets } from '../config/config.ts';
import { type ExchangeSim, startExchangeSim } from '../exchange-sim/start.ts';
import type { VenueAccess } from '../venue/endpoints.ts';
import { ensureSimToken } from './tokens.ts';

/** The exchange that a paper daemon starts itself; null on other venues, and where one runs already. */
export async function startPaperExchange(config: Config, secrets: Secrets): Promise<ExchangeSim | null> {
  const { paper } = config;
  if (paper === null || paper.url !== null) return null;
  const simToken = ensureSimToken(
    config.home,
    secrets.simToken,
    () => randomBytes(32).toString('base64url'),
    (file) => readFileSync(file, 'utf8'),
  );
  const exchange = await startExchangeSim({
    apiKey: secrets.venueKeys.apiKey,
    apiSecret: secrets.venueKeys.secret,
    simToken,
    market: paper.market,
    ...(paper.seed === null ? {} : { seed: paper.seed }),
    speed: paper.speed,
    storagePath: join(config.home, 'paper', 'exchange.db'),
    enforceLimits: false,
  });
  // Where its books can be read (`attack`): the port is another one at every start.
  writeFileSync(join(config.home, 'paper', 'exchange.url'), `${exchange.url}\n`, { mode: 0o600 });
  return exchange;
}

export function venueAccess(config: Config, secrets: Secrets, exchange: ExchangeSim | null): VenueAccess {
  const { apiKey, secret } = secrets.venueKeys;
  if (config.venue === 'paper')
    return { venue: 'paper', baseUrl: exchange?.url ?? config.paper?.url ?? '', apiKey, secret };
  return { venue: config.venue, apiKey, secret };
}
