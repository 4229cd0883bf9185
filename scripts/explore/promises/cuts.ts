import { lotsToQuantity } from '../../../daemon/core/arithmetic/quantities.ts';
import { compileMultiplier, factorValue } from '../../../daemon/core/compiled-policy.ts';
import type { AccountView } from '../../../daemon/core/context.ts';
import { type IntendedPolicySpec, REGIMES, type SignalKind } from '../../../daemon/core/policy.ts';
import { ACCOUNT } from '../account-reads.ts';
import { at, type Breach } from '../breach.ts';
import { type History, isOwnersHandIn } from '../history.ts';
import { PlainTrust } from '../plain/plain-trust.ts';
import type { Action } from '../plan.ts';

/**
 * From the end of a cut that has left something above its cap until the next one, ms: five seconds, two readings, and
 * some more.
 */
const AGAIN_WITHIN_MS = 15_000;
const UNIT = 1e-8;
/** From one reading of the mark to the next, and for how long a cut may go by one, ms. */
const READING_MS = 1_000;
const LATELY_MS = 15_000;
const CAPS = /the tightened (symbol notional|gross notional|liquidation distance) cap/;

/** Who is told of a cut is told which cap it is for. */
export function findCutsUnnamed({ events }: History): readonly Breach[] {
  return events.flatMap(({ atMs, event }) =>
    event.kind === 'alert' && event.payload.code === 'POSITION_CUT' && !CAPS.test(event.payload.detail)
      ? [{ code: 'cut-unnamed', detail: `${event.payload.symbol} at ${at(atMs)}: ${event.payload.detail}` }]
      : [],
  );
}

/**
 * A cut has its reason in what bears on the symbol or the account: their caps, as regime and signals about them tighten
 * those, and as the mark stands for longer than one reading of it. What a signal says of an agent, or of another symbol,
 * closes nothing. [EX-63 TM-28 TM-46]
 * @except which signals stand is not clear
 * @except a person trades by hand
 * @except the liquidation price is near
 * @except a tier of the account is reached
 */
export function findCutsBeyond(history: History): readonly Breach[] {
  const { decisions, events, plan, world } = history;
  const trust = new PlainTrust();
  const breaches: Breach[] = [];
  let spec: IntendedPolicySpec | null = null;
  for (const { atMs, event } of events) {
    trust.take(event);
    if (event.kind === 'policy' && event.payload.action === 'in_force') {
      const { name } = event.payload;
      spec = world.policies.find(({ policy }) => policy.spec.name === name)?.policy.spec ?? spec;
    }
    if (event.kind !== 'exit_target' || event.payload.action !== 'opened' || event.payload.cause !== 'cut') continue;
    const { decision_id: id, symbol } = event.payload;
    const context = decisions.get(id)?.event.context;
    if (spec === null || context === undefined || isOwnersHandIn(history, symbol)) continue;
    const { account, account_name: name, exposure, market, now_ms: now } = context;
    const least = plan.setup.minLiquidationDistance ?? spec.account.min_liquidation_distance;
    const isNear = exposure.liquidation_distance !== null && exposure.liquidation_distance < least * 1.02;
    const { mark, rules } = market;
    if (account === null || mark === null || rules === null || isNear || hasTier(spec, account)) continue;
    const own = REGIMES.indexOf(market.held_regime);
    const strictest = Math.max(own, REGIMES.indexOf(exposure.other_regime ?? 'calm'));
    const held = Math.max(exposure.long_lots, exposure.short_lots, Math.abs(exposure.position_lots));
    const usdt = lotsToQuantity(held, rules) * Math.min(mark, standingMark(history, symbol, atMs));
    const symbolCap =
      spec.budgets.symbol_notional_usdt * regimeFactor(spec, own) * factorOf(spec, trust, now, name, symbol);
    // Where regimes do not tighten in order, the symbol's own may be the tighter one.
    const grossFactor = Math.min(regimeFactor(spec, own), regimeFactor(spec, strictest));
    const grossCap = spec.budgets.gross_notional_usdt * grossFactor * factorOf(spec, trust, now, name, null);
    if (usdt > symbolCap * 0.97 || usdt + exposure.gross_other_usdt > grossCap * 0.97) continue;
    breaches.push({
      code: 'cut/beyond-scope',
      detail: `${symbol} at ${at(atMs)}: ${Math.round(usdt)} USDT of ${Math.round(symbolCap)}, with all others ${Math.round(usdt + exposure.gross_other_usdt)} of ${Math.round(grossCap)}`,
    });
  }
  return breaches;
}

/** The highest mark of lately that has stood for as long as from one reading to the next. */
function standingMark({ world }: History, symbol: string, atMs: number): number {
  const marks = world.venue.marks.filter((each) => each.symbol === symbol && each.atMs <= atMs);
  const stood = marks.filter((each, index) => {
    const untilMs = marks[index + 1]?.atMs ?? atMs;
    return untilMs > atMs - LATELY_MS && untilMs - each.atMs >= READING_MS;
  });
  return stood.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...stood.map(({ mark }) => mark));
}

function hasTier({ account: limits }: IntendedPolicySpec, account: AccountView): boolean {
  return (['drawdown', 'daily_loss', 'margin_ratio'] as const).some((of) =>
    limits[of].tiers.some((tier) => account[of] >= tier.at),
  );
}
function regimeFactor({ market }: IntendedPolicySpec, rank: number): number {
  return factorValue(market.regimes[REGIMES[rank] ?? 'extreme'].notional);
}
/** Of the signals about the account, and about the symbol, that name no agent. */
function factorOf(
  { trust: { signals } }: IntendedPolicySpec,
  trust: PlainTrust,
  nowMs: number,
  account: string,
  symbol: string | null,
): number {
  const kinds = [...trust.activeKinds(nowMs, account, 'gate', symbol)] as readonly SignalKind[];
  return Math.min(1, ...kinds.map((kind) => compileMultiplier(signals[kind]?.multiplier).notional));
}

/** A cut is not sized before the account was queried for what the gate's previous exit has left. [EX-62] */
export function findCutsUnread({ events, fills, world }: History): readonly Breach[] {
  const reads = world.wire.reads.filter(({ path, status }) => path === ACCOUNT && status === 200);
  return events.flatMap(({ atMs, event }) => {
    if (event.kind !== 'exit_target' || event.payload.action !== 'opened' || event.payload.cause !== 'cut') return [];
    const { decision_id: id, symbol } = event.payload;
    const before = fills.findLast(
      (fill) =>
        fill.symbol === symbol &&
        fill.atMs < atMs &&
        // The daemon's clock is a moment off the venue's: its own fill may seem to come before its record.
        fill.order?.decision.rootId !== id &&
        fill.order?.decision.origin === 'gate' &&
        !fill.order.planned.protective,
    );
    if (before === undefined) return [];
    const isRead = reads.some((read) => read.sentAtMs >= before.atMs && (read.answeredAtMs ?? atMs + 1) <= atMs);
    if (isRead) return [];
    const detail = `${symbol}: the gate closed ${before.quantityE8} at ${at(before.atMs)} and cuts again at ${at(atMs)}, and has not asked for the account since`;
    return [{ code: 'cut-twice', detail }];
  });
}

/**
 * What a cut leaves above its cap is cut again in good time, whether it closed a part or nothing: the book was thin, or
 * the venue refused it. Of the cap of a symbol, which the books alone show.
 * @except something fails but that the book is thin
 * @except the process stops, or the ledger fails
 * @except an operator halts or flattens, or the market stands still
 * @except a person trades by hand
 * @except another policy comes into force
 */
export function findCutsLeft(history: History): readonly Breach[] {
  const { decisions, endMs, events, fills, plan, world } = history;
  if (plan.steps.some(({ do: action }) => keepsFromCutting(action))) return [];
  const cuts = new Map<string, string>();
  const breaches: Breach[] = [];
  let cap = Number.POSITIVE_INFINITY;
  for (const [index, { atMs, event }] of events.entries()) {
    if (event.kind === 'policy' && event.payload.action === 'in_force') {
      const { name } = event.payload;
      cap =
        world.policies.find(({ policy }) => policy.spec.name === name)?.policy.spec.budgets.symbol_notional_usdt ?? cap;
    }
    if (event.kind !== 'exit_target') continue;
    const { decision_id: id } = event.payload;
    if (event.payload.action === 'opened') {
      if (event.payload.cause === 'cut') cuts.set(id, event.payload.symbol);
      continue;
    }
    const symbol = cuts.get(id);
    const untilMs = atMs + AGAIN_WITHIN_MS;
    if (symbol === undefined || untilMs > endMs || isOwnersHandIn(history, symbol)) continue;
    const later = events.slice(index).filter((note) => note.atMs <= untilMs);
    if (later.some((note) => note.event.kind === 'policy' || note.event.kind === 'state')) continue;
    const isAbove = (ms: number): boolean => {
      const held = fills.findLast((fill) => fill.symbol === symbol && fill.atMs <= ms)?.after ?? 0;
      return Math.abs(held) * UNIT * minMark(history, symbol, atMs, untilMs) > cap * 1.05;
    };
    const isCut = [...decisions.values()].some(
      (decision) =>
        decision.origin === 'gate' && decision.symbol === symbol && decision.atMs > atMs && decision.atMs <= untilMs,
    );
    if (isAbove(atMs) && isAbove(untilMs) && !isCut)
      breaches.push({
        code: 'cut-left',
        detail: `${symbol}: ${id} ended at ${at(atMs)} (${event.payload.reason}, ${event.payload.filled_e8} closed), what is left is above the cap, and nothing more is cut by ${at(untilMs)}`,
      });
  }
  return breaches;
}

/** Until what stands above its cap is cut, or told of, ms: ten seconds without a second reading, and some more. */
const TOLD_WITHIN_MS = 20_000;

/**
 * What stands above the cap of its symbol is cut, or an alert says that it is not: the mark stands still, say.
 * @except something else fails
 * @except the process stops, or the ledger fails
 * @except an operator halts or flattens, or the market stands still
 * @except a person trades by hand
 * @except another policy comes into force
 */
export function findCutsUntold(history: History): readonly Breach[] {
  const { endMs, events, fills, plan, world } = history;
  const keeps = (action: Action): boolean =>
    keepsFromCutting(action) && !(action.kind === 'fault' && action.fault.kind === 'stale-market');
  if (plan.setup.onBreach !== 'reduce' || plan.steps.some(({ do: action }) => keeps(action))) return [];
  const inForce = events.flatMap(({ atMs, event }) =>
    event.kind === 'policy' && event.payload.action === 'in_force' ? [{ atMs, name: event.payload.name }] : [],
  );
  return inForce.flatMap(({ atMs: sinceMs, name }, index) => {
    const cap = world.policies.find(({ policy }) => policy.spec.name === name)?.policy.spec.budgets
      .symbol_notional_usdt;
    const untilMs = sinceMs + TOLD_WITHIN_MS;
    if (cap === undefined || untilMs > (inForce[index + 1]?.atMs ?? endMs)) return [];
    return [...world.exchange.world.state.markets.keys()].flatMap((symbol) => {
      const heldAt = (ms: number): number =>
        Math.abs(fills.findLast((fill) => fill.symbol === symbol && fill.atMs <= ms)?.after ?? 0) * UNIT;
      const held = Math.min(heldAt(sinceMs), heldAt(untilMs));
      if (isOwnersHandIn(history, symbol) || held * minMark(history, symbol, sinceMs, untilMs) <= cap * 1.05) return [];
      const isHeeded = events.some(
        ({ atMs, event }) =>
          atMs >= sinceMs &&
          atMs <= untilMs &&
          ((event.kind === 'alert' && /^POSITION_/.test(event.payload.code) && event.payload.symbol === symbol) ||
            (event.kind === 'exit_target' && event.payload.action === 'opened' && event.payload.symbol === symbol)),
      );
      if (isHeeded) return [];
      const detail = `${symbol}: ${held} are held from ${at(sinceMs)} to ${at(untilMs)}, above the cap of ${cap}, and no alert says so`;
      return [{ code: 'cut/untold', detail }];
    });
  });
}

/** While nothing can be read or sent, or the operator has taken over, nothing is cut. */
function keepsFromCutting(action: Action): boolean {
  if (action.kind === 'fault') return action.fault.kind !== 'partial-fill';
  return /^(wire|trouble|crash|restart|away|state|flatten|halt_market)$/.test(action.kind);
}

/** The least that the mark was meanwhile. */
function minMark({ world }: History, symbol: string, fromMs: number, untilMs: number): number {
  const marks = world.venue.marks.filter((mark) => mark.symbol === symbol && mark.atMs <= untilMs);
  const first = marks.findLastIndex(({ atMs }) => atMs <= fromMs);
  return Math.min(...marks.slice(Math.max(0, first)).map(({ mark }) => mark));
}
