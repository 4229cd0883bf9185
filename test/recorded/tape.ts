import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { findPackageFolder } from '../../daemon/config/package.ts';
import type { AccountBody, MarketBody } from '../../daemon/contract/types/reads.ts';
import type { IntendedPolicySpec, Regime } from '../../daemon/core/policy.ts';
import type { Caller } from '../../daemon/engine/records/callers.ts';
import { toNumber } from '../../daemon/exchange-sim/core/fixed.ts';
import { accountMargin } from '../../daemon/exchange-sim/core/orders/account.ts';
import type { DaemonWorld } from '../daemon/harness.ts';
import { readBarRows } from '../fixtures/recorded.ts';

export const SYMBOLS = ['BTCUSDT', 'ETHUSDT'] as const;
export type SymbolName = (typeof SYMBOLS)[number];
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const BAR_MS = 15 * MINUTE_MS;
/** The bar with the widest range of the whole tape: 9.8 % (BTC), 10.5 % (ETH). */
export const CRASH_BAR_MS = Date.UTC(2025, 9, 10, 21, 15);

export function readPolicySpec(name: 'default' | 'strict'): IntendedPolicySpec {
  return parse(readFileSync(join(findPackageFolder(), 'policies', `${name}.yaml`), 'utf8')) as IntendedPolicySpec;
}

/** What exchange and daemon showed after one step of the clock. */
export interface Observation {
  readonly atMs: number;
  /** The exchange's own margin balance, USDT. */
  readonly equityUsdt: number;
  readonly account: AccountBody;
  readonly markets: ReadonlyMap<string, MarketBody>;
  readonly state: 'active' | 'reducing' | 'halted';
  /** How many opening orders stood at the exchange just before this step. */
  readonly stoodBefore: number;
  /** Opening orders that stand at the exchange. */
  readonly openings: readonly OpenOrder[];
  /** Signed, base asset, by symbol. */
  readonly positions: ReadonlyMap<string, number>;
}
export interface OpenOrder {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: 'BUY' | 'SELL';
  readonly price: number;
  readonly remaining: number;
}

export function readOpenings(world: DaemonWorld): readonly OpenOrder[] {
  return [...world.sim.engine.state.markets.values()].flatMap((market) =>
    [...market.openOrders.values()]
      .filter((order) => !order.reduceOnly)
      .map((order) => ({
        clientOrderId: order.clientOrderId,
        symbol: order.symbol,
        side: order.side,
        price: toNumber(order.price),
        remaining: toNumber(order.quantity - order.executed),
      })),
  );
}

const OPERATOR: Caller = { role: 'operator', agent: 'operator', tokenId: '', skillSha256: null };

export function observe(world: DaemonWorld, stoodBefore: number): Observation {
  const { state } = world.sim.engine;
  const { gate } = world.daemon;
  return {
    atMs: state.nowMs,
    equityUsdt: toNumber(accountMargin(state).marginBalance),
    account: gate.getAccount(),
    markets: new Map(gate.getMarket(OPERATOR, null).markets.map((market) => [market.symbol, market])),
    state: gate.getTradingState().state,
    stoodBefore,
    openings: readOpenings(world),
    positions: new Map(
      [...state.markets.values()].map((market) => [market.instrument.symbol, toNumber(market.position.quantity)]),
    ),
  };
}

export function regimeOf(seen: Observation, symbol: string): Regime {
  return seen.markets.get(symbol)?.regime ?? 'extreme';
}

/** Closes of the tape's bars, by open time. */
export function readCloses(symbol: SymbolName): ReadonlyMap<number, number> {
  return new Map(readBarRows(symbol, 'window').map((row) => [row[0]!, row[4]!]));
}

/**
 * |ln(mark / last close)| in units of the usual move of one bar over the 60 bars before: the jump of DESIGN's regime,
 * computed here from the file and the exchange's mark alone.
 */
export function runningJump(closes: ReadonlyMap<number, number>, atMs: number, mark: number): number {
  const running = Math.floor(atMs / BAR_MS) * BAR_MS;
  const close = (barsBack: number): number => {
    const found = closes.get(running - barsBack * BAR_MS);
    if (found === undefined) throw new Error(`no bar ${barsBack} before ${new Date(atMs).toISOString()}`);
    return found;
  };
  let sum = 0;
  for (let back = 1; back <= 60; back += 1) sum += Math.log(close(back) / close(back + 1)) ** 2;
  return Math.abs(Math.log(mark / close(1))) / Math.sqrt(sum / 60);
}
