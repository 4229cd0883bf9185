import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ExchangeSim, startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { campaignPolicy } from '../campaign/policy.ts';
import { Random } from '../explore/random.ts';
import { call, GIVE_UP_MS, kill, type Life, live } from './life.ts';

/** Latest instant after the call at which a process is killed, ms; early ones are likelier. */
const KILLED_WITHIN_MS = 400;

export interface KilledFlatten {
  /** From the call to the kill, ms. */
  readonly killed_after_ms: number;
  /** Whether the call was on record by then: without that nobody has asked for anything. */
  readonly was_recorded: boolean;
  /** Whether the process that was killed had closed everything. */
  readonly was_flat: boolean;
  /** From the moment at which the next process was ready until the account was seen flat, ms; null: never. */
  readonly flat_ms: number | null;
}

/** One account and one home, through the lives of its daemons. */
interface Account {
  readonly home: string;
  readonly sim: ExchangeSim;
  life: Life;
}

function isFlat({ sim }: Account, symbol?: string): boolean {
  const markets = [...sim.engine.state.markets].filter(([name]) => symbol === undefined || name === symbol);
  return markets.every(([, { position }]) => position.quantity === 0n);
}

async function open(account: Account, round: number): Promise<void> {
  const state = { state: 'active', reason: 'the next kill' };
  await call(account.home, account.life.url, '/v1/trading-state', state, 'operator', 'PUT');
  for (const symbol of ['BTCUSDT', 'ETHUSDT']) {
    const opening = { symbol, intent: 'open', side: 'buy', requested_notional: 300, requested_leverage: 1 };
    const order = { ...opening, order_type: 'market', max_slippage_bps: 50, strategy_id: `flatten-${round}` };
    // The exit of the round before may be worked still.
    const untilMs = performance.now() + GIVE_UP_MS;
    for (;;) {
      const answer = await call(account.home, account.life.url, '/v1/tools/place_order', order);
      if (!isFlat(account, symbol)) break;
      if (performance.now() > untilMs) throw new Error(`nothing was opened: ${JSON.stringify(answer)}`);
      await delay(20);
    }
  }
}

/** Waits until nothing is held; the time that it took, ms, or null. */
async function untilFlat(account: Account): Promise<number | null> {
  const fromMs = performance.now();
  while (!isFlat(account) && performance.now() - fromMs < GIVE_UP_MS) await delay(5);
  return isFlat(account) ? Math.round(performance.now() - fromMs) : null;
}

async function flattenAndKill(account: Account, afterMs: number, next: () => Promise<Life>): Promise<KilledFlatten> {
  const { home, life } = account;
  void call(home, life.url, '/v1/flatten', { reason: 'test' }, 'operator').catch(() => undefined);
  await delay(afterMs);
  await kill(life);
  const was_flat = isFlat(account);
  account.life = await next();
  const { url } = account.life;
  const { state } = await call<{ state: string }>(home, url, '/v1/trading-state', null, 'operator');
  const report = { killed_after_ms: afterMs, was_recorded: state === 'halted', was_flat };
  if (report.was_recorded) return { ...report, flat_ms: await untilFlat(account) };
  // Nobody has asked for anything: what is held goes before the next round.
  await call(home, url, '/v1/flatten', { reason: 'test' }, 'operator');
  if ((await untilFlat(account)) === null) throw new Error('a flatten that nobody killed did not end');
  return { ...report, flat_ms: null };
}

/**
 * Again and again a flatten of the account is asked for, its daemon killed at a random instant after that, and the next
 * one started on the same home.
 */
export async function runKilledFlattens(count: number, seed: number): Promise<readonly KilledFlatten[]> {
  const random = new Random(seed, 'killed flattens');
  const killed: KilledFlatten[] = [];
  const home = mkdtempSync(join(tmpdir(), 'holdfast-flatten-'));
  const policy = join(home, 'policy.yaml');
  writeFileSync(policy, campaignPolicy());
  const sim = await startExchangeSim({ seed });
  const next = (): Promise<Life> => live(home, sim.url, { HOLDFAST_POLICY: policy });
  const account: Account = { home, sim, life: await next() };
  try {
    for (let round = 0; round < count; round += 1) {
      await open(account, round);
      killed.push(await flattenAndKill(account, Math.round(KILLED_WITHIN_MS * random.next() ** 2), next));
    }
    return killed;
  } finally {
    const { child } = account.life;
    if (child.exitCode === null && child.signalCode === null) await kill(account.life);
    await sim.close();
    rmSync(home, { recursive: true, force: true });
  }
}
