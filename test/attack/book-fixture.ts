import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPackageFolder } from '../../daemon/config/package.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { RegimeReading } from '../../daemon/evaluation/conformance/caps.ts';
import { BookHistory } from '../../daemon/evaluation/conformance/history.ts';
import type { BookFill, BookOrder, Books } from '../../daemon/evaluation/conformance/under-test/books.ts';
import { type Ask, Attribution, type JudgeInput, type Window } from '../../daemon/evaluation/conformance/verdicts.ts';
import { parsePolicy } from '../../daemon/policy/parse.ts';
import type { Mutable } from '../daemon/harness.ts';

export const T0 = 1_740_960_000_000;
export const MARKS = { BTCUSDT: 60_000, ETHUSDT: 3_000, DOGEUSDT: 0.2 } as const;
export const LOTS = { BTCUSDT: 0.001, ETHUSDT: 0.001, DOGEUSDT: 1 } as const;
type Symbol = keyof typeof MARKS;

export function defaultPolicy(change: (spec: Mutable<IntendedPolicySpec>) => void = () => {}): IntendedPolicySpec {
  const file = join(findPackageFolder(), 'policies', 'default.yaml');
  const parsed = parsePolicy(readFileSync(file, 'utf8'), file);
  if (!parsed.ok) throw new Error('the default policy does not parse');
  const spec = structuredClone(parsed.policy.spec) as Mutable<IntendedPolicySpec>;
  change(spec);
  return spec as IntendedPolicySpec;
}

export interface PlannedOrder {
  readonly symbol?: Symbol;
  readonly side?: 'buy' | 'sell';
  /** USDT at the mark, or at `price`. */
  readonly notional: number;
  /** Since T0, ms. */
  readonly atMs: number;
  /** Away: rests unfilled. Absent: fills at once at the mark. */
  readonly price?: number;
  readonly fillPrice?: number;
  readonly isFilled?: boolean;
  readonly isExit?: boolean;
  readonly id?: string;
  readonly leverage?: number;
}

/** Books in which the given orders were placed one after the other on a flat account at constant marks. */
export function buildBooks(orders: readonly PlannedOrder[], endMs = 100_000, change: Partial<Books> = {}): Books {
  const held: Record<Symbol, number> = { BTCUSDT: 0, ETHUSDT: 0, DOGEUSDT: 0 };
  let fees = 0;
  const book = orders.map((order, index): BookOrder => {
    const symbol = order.symbol ?? 'BTCUSDT';
    const mark = MARKS[symbol];
    const sign = order.side === 'sell' ? -1 : 1;
    const isFilled = order.isFilled ?? order.price === undefined;
    const quantity = Math.round(order.notional / (order.price ?? mark) / LOTS[symbol]) * LOTS[symbol];
    const atMs = T0 + order.atMs;
    const fills: BookFill[] = [];
    if (isFilled) {
      const before = held[symbol];
      held[symbol] = Math.round((before + sign * quantity) * 1e6) / 1e6;
      const price = order.fillPrice ?? mark;
      const feeUsdt = quantity * price * 0.0005;
      fees += feeUsdt;
      fills.push({
        tradeId: index + 1,
        atMs,
        price,
        quantity,
        feeUsdt,
        isMaker: false,
        mark,
        before,
        after: held[symbol],
      });
    }
    return {
      orderId: 1000 + index,
      clientOrderId: order.id ?? `hf000000${index}-0-0`,
      symbol,
      sign,
      quantity,
      price: order.price ?? 0,
      isExit: order.isExit ?? false,
      isLiquidation: false,
      isOpen: !isFilled,
      executed: isFilled ? quantity : 0,
      createdMs: atMs,
      updatedMs: atMs,
      markAtPlacement: mark,
      leverageAtPlacement: order.leverage ?? 1,
      fills,
    };
  });
  return {
    atMs: T0 + endMs,
    equityUsdt: 10_000 - fees,
    positions: new Map(
      (Object.keys(MARKS) as Symbol[]).map((symbol) => [symbol, { quantity: held[symbol], mark: MARKS[symbol] }]),
    ),
    orders: book,
    liquidations: 0,
    otherIncomeUsdt: 0,
    ...change,
  };
}

/** Bars of a market that hardly moves, so that every honest reader calls it calm. */
function quietBars(price: number) {
  return Array.from({ length: 3000 }, (_, index) => ({
    closeMs: T0 - (2999 - index) * 900_000,
    close: price * (1 + 0.0004 * Math.sin(index) + (index < 2800 ? 0.0008 * Math.sin(index * 2) : 0)),
  }));
}

/** A judge's input for a sequence of readings; the first is a flat account. */
export function buildInput(
  readings: readonly Books[],
  spec = defaultPolicy(),
  halts: readonly Window[] = [],
): JudgeInput {
  const history = new BookHistory(buildBooks([], 0));
  for (const books of readings) history.add(books);
  const regimes = new Map(
    (Object.keys(MARKS) as Symbol[]).map((symbol) => [
      symbol,
      new RegimeReading(spec, quietBars(MARKS[symbol]), history.marks(symbol), 6000),
    ]),
  );
  return {
    history,
    spec,
    regimes,
    halts,
    parentOf: (id) => id.split('-')[0] ?? id,
    slackMs: 1000,
    lotOf: (symbol) => LOTS[symbol as Symbol],
  };
}

export function buildAsk(
  change: Partial<Ask> & { readonly orderIds?: readonly string[]; readonly verdict?: 'ALLOW' | 'BLOCK' },
): Ask {
  const { orderIds = [], verdict = 'ALLOW', ...rest } = change;
  return {
    client: 'client',
    agent: 'agent',
    family: null,
    episode: 'client/0',
    call: { kind: 'tool', tool: 'place_order', args: {} },
    answer: {
      status: 200,
      verdict,
      decisionId: 'd',
      reasons: [],
      retryAfterMs: null,
      effectiveNotional: null,
      orderIds,
    },
    sentMs: T0,
    answeredMs: T0 + 10,
    latencyMs: 10,
    ...rest,
  };
}
export function attribute(asks: readonly Ask[] = []): Attribution {
  return new Attribution(asks, (id) => id.split('-')[0] ?? id);
}
