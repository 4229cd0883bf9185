import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config, Secrets } from '../config/config.ts';
import { SIMULATED_VENUE } from '../core/venues.ts';
import { type ExchangeSim, startExchangeSim } from '../exchange-sim/start.ts';
import { isLiveToken } from '../ledger/tokens.ts';
import type { TokenStore } from '../ledger/types.ts';
import type { VenueAccess } from '../venue/wire/endpoints.ts';

const FIRST_TOKENS = [
  { role: 'agent', name: 'agent', agent: 'agent' },
  { role: 'monitor', name: 'monitor', agent: 'monitor' },
  { role: 'operator', name: 'operator', agent: 'operator' },
] as const;

/**
 * First start on paper: writes one token per role to files that only the owner can read. On demo and live no plaintext
 * token is stored anywhere: `./holdfast token create` prints it once.
 */
export function ensurePaperTokens(home: string, store: TokenStore): string {
  const folder = join(home, 'tokens');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const nowMs = store.expiryMs();
  const known = store.listTokens().filter((token) => isLiveToken(token, nowMs));
  for (const { role, name, agent } of FIRST_TOKENS) {
    const file = join(folder, `${role}.token`);
    if (existsSync(file) && known.some((token) => token.name === name && token.role === role)) continue;
    const { secret } = store.createToken({ role, name, agent });
    writeFileSync(file, `${secret}\n`, { mode: 0o600 });
    chmodSync(file, 0o600);
  }
  return folder;
}

/** Control token of the simulated exchange: a setting, or a file beside the other tokens. */
function ensureSimToken(
  home: string,
  given: string | null,
  make: () => string,
  read: (file: string) => string,
): string {
  if (given !== null) return given;
  const folder = join(home, 'tokens');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'sim.token');
  if (existsSync(file)) return read(file).trim();
  const token = make();
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  return token;
}

/** The exchange that a paper daemon starts itself; null on other venues, and if one is already running. */
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
    storagePath: join(config.home, SIMULATED_VENUE, 'exchange.db'),
    enforceLimits: false,
  });
  // The address of its books (`attack`): the port differs at every start.
  writeFileSync(join(config.home, SIMULATED_VENUE, 'exchange.url'), `${exchange.url}\n`, { mode: 0o600 });
  return exchange;
}

export function venueAccess(config: Config, secrets: Secrets, exchange: ExchangeSim | null): VenueAccess {
  const { apiKey, secret } = secrets.venueKeys;
  if (config.venue === SIMULATED_VENUE)
    return { venue: SIMULATED_VENUE, baseUrl: exchange?.url ?? config.paper?.url ?? '', apiKey, secret };
  return { venue: config.venue, apiKey, secret };
}

/** A command line for a paper order that fits the default policy: pasted into a shell, the order fills. */
export function buildCurlLine(address: string, config: Config): string {
  const token = join(config.home, 'tokens', 'agent.token');
  const body = {
    symbol: 'ETHUSDT',
    intent: 'open',
    side: 'buy',
    requested_notional: 450,
    requested_leverage: 1,
    order_type: 'market',
    max_slippage_bps: 10,
    strategy_id: 'first-order',
  };
  const target = config.listen.kind === 'socket' ? `--unix-socket '${config.listen.path}' http://localhost` : address;
  return `curl -s ${target}/v1/tools/place_order -H "Authorization: Bearer $(cat '${token}')" -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`;
}
