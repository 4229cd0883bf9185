import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ExchangeSim, startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { campaignPolicy } from '../campaign/policy.ts';
import { Random } from '../explore/random.ts';
import { call, GIVE_UP_MS, kill, type Life, live } from './life.ts';

/** Latest instant after the record at which a process is killed, ms. */
const KILLED_WITHIN_MS = 400;
/** Orders of this symbol reach the exchange only from the next process: none is killed after its work is done. */
const CUT_OFF = 'ETHUSDT';

export interface KilledFlatten {
  /** From the moment at which the call was seen on record to the kill, ms. */
  readonly killed_after_ms: number;
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

async function cutOff({ sim }: Account, isCutOff: boolean): Promise<void> {
  const match = { method: 'POST', path: '/fapi/v1/order', symbol: CUT_OFF };
  const [verb, body] = isCutOff ? ['faults', { kind: 'drop-before', count: 1_000, match }] : ['clear-faults', {}];
  const answer = await fetch(`${sim.url}/sim/${verb}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${sim.simToken}` },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

async function untilHalted({ home, life }: Account): Promise<void> {
  const untilMs = performance.now() + GIVE_UP_MS;
  for (;;) {
    const { state } = await call<{ state: string }>(home, life.url, '/v1/trading-state', null, 'operator');
    if (state === 'halted') return;
    if (performance.now() > untilMs) throw new Error('the flatten was never on record');
  }
}

async function flattenAndKill(account: Account, afterMs: number, next: () => Promise<Life>): Promise<KilledFlatten> {
  const { home, life } = account;
  await cutOff(account, true);
  void call(home, life.url, '/v1/flatten', { reason: 'test' }, 'operator').catch(() => undefined);
  await untilHalted(account);
  await delay(afterMs);
  await kill(life);
  const was_flat = isFlat(account);
  await cutOff(account, false);
  account.life = await next();
  return { killed_after_ms: afterMs, was_flat, flat_ms: await untilFlat(account) };
}

/**
 * Again and again a flatten of the account is asked for, its daemon killed at a random instant after its record, and the
 * next one started on the same home.
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
      killed.push(await flattenAndKill(account, Math.round(KILLED_WITHIN_MS * random.next()), next));
    }
    return killed;
  } finally {
    const { child } = account.life;
    if (child.exitCode === null && child.signalCode === null) await kill(account.life);
    await sim.close();
    rmSync(home, { recursive: true, force: true });
  }
}
