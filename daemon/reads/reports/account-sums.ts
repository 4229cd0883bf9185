import type { AgentSums, ReportSums } from '../../contract/types/accounts.ts';
import {
  type AccountDay,
  type Asks,
  createFigures,
  FIGURES,
  type Figures,
} from '../../engine/accounts/account-days.ts';
import { fromE8 } from '../../engine/records/units.ts';
import type { Owner } from '../../engine/words.ts';

type Sums = Omit<AgentSums, keyof Asks>;

/** Amounts to 1e-8, as the exchange books them: what binary fractions leave is no money. */
export function round(usdt: number): number {
  const rounded = Math.round(usdt * 1e8) / 1e8;
  return rounded === 0 ? 0 : rounded;
}

export function sumFigures(all: Iterable<Figures>): Sums {
  const sum = createFigures();
  for (const figures of all) for (const name of FIGURES) sum[name] += figures[name];
  return {
    realised_usdt: fromE8(sum.realisedE8),
    fees_usdt: fromE8(sum.feesE8),
    funding_usdt: fromE8(sum.fundingE8),
    other_usdt: fromE8(sum.otherE8),
    result_usdt: fromE8(sum.realisedE8 + sum.fundingE8 + sum.otherE8 - sum.feesE8),
    turnover_usdt: fromE8(sum.turnoverE8),
    slippage_usdt: fromE8(sum.slippageE8),
    slippage_bps: sum.slippageOfE8 > 0 ? round((sum.slippageE8 / sum.slippageOfE8) * 1e4) : null,
    fills: sum.fills,
  };
}

export function sumAsks(days: readonly AccountDay[], owner: Owner): Asks {
  const sum = { requests: 0, cuts: 0, blocks: 0 };
  if (owner === null) return sum;
  for (const { asks } of days) {
    const of = asks.get(owner);
    sum.requests += of?.requests ?? 0;
    sum.cuts += of?.cuts ?? 0;
    sum.blocks += of?.blocks ?? 0;
  }
  return sum;
}

export function* figuresOf(
  days: readonly AccountDay[],
  owner: Owner,
  symbol: string | null = null,
): Generator<Figures> {
  for (const { figures } of days)
    for (const [name, of] of figures.get(owner) ?? []) if (symbol === null || name === symbol) yield of;
}

export function agentSums(days: readonly AccountDay[], owner: Owner): AgentSums {
  return { ...sumFigures(figuresOf(days, owner)), ...sumAsks(days, owner) };
}

/** With the change of what is unrealised. */
export function reportSums(all: Iterable<Figures>, beforeUsdt: number, nowUsdt: number): ReportSums {
  const sums = sumFigures(all);
  return {
    ...sums,
    unrealised_before_usdt: round(beforeUsdt),
    unrealised_usdt: round(nowUsdt),
    profit_usdt: round(sums.result_usdt + nowUsdt - beforeUsdt),
  };
}
