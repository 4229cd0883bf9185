import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ExchangeSim, startExchangeSim } from '../../daemon/exchange-sim/start.ts';
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

function isFlat({ engine }: ExchangeSim): boolean {
  return [...engine.state.markets.values()].every(({ position }) => position.quantity === 0n);
}

async function flattenAndKill(sim: ExchangeSim, afterMs: number): Promise<KilledFlatten> {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-flatten-'));
  const lives: Life[] = [];
  const next = async (): Promise<Life> => {
    const life = await live(home, sim.url);
    lives.push(life);
    return life;
  };
  try {
    const first = await next();
    for (const symbol of ['BTCUSDT', 'ETHUSDT']) {
      const opening = { symbol, intent: 'open', side: 'buy', requested_notional: 300, requested_leverage: 1 };
      const order = { ...opening, order_type: 'market', max_slippage_bps: 50, strategy_id: 'flatten' };
      const answer = await call(home, first.url, '/v1/tools/place_order', order);
      if (isFlat(sim)) throw new Error(`nothing was opened: ${JSON.stringify(answer)}`);
    }
    void call(home, first.url, '/v1/flatten', { reason: 'test' }, 'operator').catch(() => undefined);
    await delay(afterMs);
    await kill(first);
    const was_flat = isFlat(sim);
    const { url } = await next();
    const readyAt = performance.now();
    const { state } = await call<{ state: string }>(home, url, '/v1/trading-state', null, 'operator');
    const report = { killed_after_ms: afterMs, was_recorded: state === 'halted', was_flat };
    if (!report.was_recorded) return { ...report, flat_ms: null };
    while (!isFlat(sim) && performance.now() - readyAt < GIVE_UP_MS) await delay(5);
    return { ...report, flat_ms: isFlat(sim) ? Math.round(performance.now() - readyAt) : null };
  } finally {
    for (const life of lives) if (life.child.exitCode === null && life.child.signalCode === null) await kill(life);
    rmSync(home, { recursive: true, force: true });
  }
}

/** A flatten of the account is asked for, its daemon killed at a random instant after that, and the next one started. */
export async function runKilledFlattens(count: number, seed: number): Promise<readonly KilledFlatten[]> {
  const random = new Random(seed, 'killed flattens');
  const killed: KilledFlatten[] = [];
  for (let i = 0; i < count; i += 1) {
    const sim = await startExchangeSim({ seed: seed + i });
    try {
      killed.push(await flattenAndKill(sim, Math.round(KILLED_WITHIN_MS * random.next() ** 2)));
    } finally {
      await sim.close();
    }
  }
  return killed;
}
