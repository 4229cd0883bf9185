import type { ReportBody, ReportPeriod } from '../../contract/types/accounts.ts';
import type { AccountDay, Figures } from '../../engine/accounts/account-days.ts';
import type { LiveCore } from '../../engine/flow/core.ts';
import type { Caller } from '../../engine/records/callers.ts';
import type { Owner } from '../../engine/words.ts';
import { figuresOf, reportSums, round, sumAsks, sumFigures } from './account-sums.ts';
import { markOf } from './accounts.ts';
import { type Span, spanOf } from './periods.ts';

type BySymbol = ReadonlyMap<Owner, ReadonlyMap<string, number>>;

/** Profit by agent and symbol of a day or a week, and how it agrees with the exchange's books; null: none is kept. */
export function describeReport(core: LiveCore, caller: Caller, period: ReportPeriod): ReportBody | null {
  const { accounts } = core.state;
  const nowMs = core.nowMs();
  const span = spanOf(period, nowMs);
  if (span === null || accounts.sinceMs === null || span.fromMs > nowMs || span.toMs <= accounts.sinceMs) return null;
  // Of a span whose first days were dropped, the rest would look like all of it.
  const { oldestMs, hasDropped } = accounts.days;
  if (hasDropped && oldestMs !== null && span.fromMs < oldestMs) return null;
  const days = accounts.days.between(span.fromMs, span.toMs - 1);
  const before = beginningOf(core, span, days);
  const after = endOf(core, span);
  const isShown = (owner: Owner): boolean => caller.role !== 'agent' || owner === caller.agent;
  const owners = [...ownersOf(days, before, after)].filter(isShown).sort(byName);
  const sum = (bySymbol: BySymbol, owner: Owner): number =>
    [...(bySymbol.get(owner)?.values() ?? [])].reduce((total, usdt) => total + usdt, 0);
  const all = function* (): Generator<Figures> {
    for (const owner of owners) yield* figuresOf(days, owner);
  };
  const total = (bySymbol: BySymbol): number => owners.reduce((usdt, owner) => usdt + sum(bySymbol, owner), 0);
  return {
    period: period.kind,
    name: span.name,
    from_ms: span.fromMs,
    to_ms: span.toMs,
    is_over: nowMs >= span.toMs,
    as_of_ms: nowMs,
    since_ms: accounts.sinceMs,
    venue: core.settings.venue,
    account: core.settings.account,
    agents: owners.map((owner) => ({
      agent: owner,
      ...sumAsks(days, owner),
      sums: reportSums(figuresOf(days, owner), sum(before, owner), sum(after, owner)),
    })),
    rows: owners.flatMap((owner) =>
      symbolsOf(owner, days, before, after).map((symbol) => ({
        agent: owner,
        symbol,
        sums: reportSums(
          figuresOf(days, owner, symbol),
          before.get(owner)?.get(symbol) ?? 0,
          after.get(owner)?.get(symbol) ?? 0,
        ),
      })),
    ),
    total: reportSums(all(), total(before), total(after)),
    books: caller.role === 'agent' ? null : compareBooks(core, days, span),
  };
}

/** What the exchange booked, and what the accounts made of it. */
function compareBooks(core: LiveCore, days: readonly AccountDay[], span: Span): NonNullable<ReportBody['books']> {
  const { accounts } = core.state;
  const booked = { realised: 0, commission: 0, funding: 0, other: 0, transfers: 0 };
  let reportedRealised = 0;
  const figures: Figures[] = [];
  for (const day of days) {
    for (const kind of Object.keys(booked) as (keyof typeof booked)[]) booked[kind] += day.booked[kind];
    reportedRealised += day.reported.realisedUsdt;
    for (const bySymbol of day.figures.values()) figures.push(...bySymbol.values());
  }
  let [newRealised, newFees] = [0, 0];
  for (const { atMs, feesUsdt, realisedUsdt } of accounts.unconfirmed) {
    if (atMs < span.fromMs || atMs >= span.toMs) continue;
    newRealised += realisedUsdt;
    newFees += feesUsdt;
  }
  const sums = sumFigures(figures);
  const total = booked.realised + booked.commission + booked.funding + booked.other;
  const difference = reportedRealised + newRealised - sums.realised_usdt;
  const unconfirmed = newRealised - newFees;
  return {
    realised_usdt: round(booked.realised),
    commission_usdt: round(booked.commission),
    funding_usdt: round(booked.funding),
    other_usdt: round(booked.other),
    transfers_usdt: round(booked.transfers),
    read_to_ms: accounts.incomeReadToMs,
    booked_usdt: round(total),
    accounted_usdt: sums.result_usdt,
    entry_difference_usdt: round(difference),
    unconfirmed_usdt: round(unconfirmed),
    unexplained_usdt: round(total - (sums.result_usdt + difference - unconfirmed)),
  };
}

/** When the span began, or the first of its days of which something is known. */
function beginningOf({ state: { accounts } }: LiveCore, span: Span, days: readonly AccountDay[]): BySymbol {
  const openMs = accounts.openedAfter(span.fromMs);
  const firstMs = Math.min(days[0]?.dayMs ?? span.toMs, openMs ?? span.toMs);
  return firstMs < span.toMs ? accounts.days.openingOf(firstMs) : new Map();
}

/** When the span ended, as the next day of which something is known began; else now. */
function endOf(core: LiveCore, { toMs }: Span): BySymbol {
  const { accounts } = core.state;
  const nextMs = accounts.days.between(toMs, Number.POSITIVE_INFINITY)[0]?.dayMs ?? accounts.openedAfter(toMs);
  if (nextMs !== null) return accounts.days.openingOf(nextMs);
  const held = new Map<Owner, Map<string, number>>();
  for (const symbol of accounts.books.keys()) {
    const mark = markOf(core, symbol);
    if (mark === null) continue;
    for (const [owner, usdt] of accounts.unrealised(symbol, mark))
      held.set(owner, (held.get(owner) ?? new Map<string, number>()).set(symbol, usdt));
  }
  return held;
}

function ownersOf(days: readonly AccountDay[], before: BySymbol, after: BySymbol): ReadonlySet<Owner> {
  const owners = new Set<Owner>([...before.keys(), ...after.keys()]);
  for (const { asks, figures } of days) for (const owner of [...figures.keys(), ...asks.keys()]) owners.add(owner);
  return owners;
}
function symbolsOf(owner: Owner, days: readonly AccountDay[], before: BySymbol, after: BySymbol): readonly string[] {
  const symbols = new Set<string>([...(before.get(owner)?.keys() ?? []), ...(after.get(owner)?.keys() ?? [])]);
  for (const { figures } of days) for (const symbol of figures.get(owner)?.keys() ?? []) symbols.add(symbol);
  return [...symbols].sort();
}
/** Nobody comes last. */
function byName(a: Owner, b: Owner): number {
  if (a === null || b === null) return a === null ? 1 : -1;
  return a < b ? -1 : 1;
}
