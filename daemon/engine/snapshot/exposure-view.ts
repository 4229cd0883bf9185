import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { AccountView, ExposureView } from '../../core/context.ts';
import { highestRegime } from '../../core/features/market.ts';
import type { Regime } from '../../core/policy.ts';
import { findAccount } from '../../core/rules/budgets.ts';
import { liveOrders } from '../orders/orders.ts';
import { lotsOf } from '../positions/lots.ts';
import { longE8, type PositionState, shortE8, surelyHeldE8 } from '../positions/positions.ts';
import type { AccountInputs, Draft, LiveInputs } from '../readings/inputs.ts';
import { ceilLots, floorLots } from '../records/units.ts';
import type { SymbolRules } from '../records/venue.ts';
import type { GateViews } from '../state/views.ts';
import { unreadOf } from './agent-losses.ts';
import {
  type ExposedPosition,
  type Exposure,
  exposedInOrder,
  exposedSymbols,
  markInTicks,
  othersThan,
  ownMargin,
  reservedMargin,
  UNVALUED_USDT,
  unitsInUsdt,
  worstCase,
} from './exposure.ts';
import type { Subject } from './subject.ts';

export function viewAccount(subject: Subject): AccountView | null {
  const { ask, inputs, policy, state } = subject;
  const account = inputs.account;
  if (account === null) return null;
  const view = viewBalance(state, account, inputs.nowMs, policy);
  view.reserved_margin_usdt = viewReservedMargin(subject) - ownMargin(state, ask);
  return view;
}
/** Of a reading, with nothing reserved beside it. */
function viewBalance(
  state: GateViews,
  { availableUsdt, marginBalanceUsdt, marginRatio, observedAtMs }: AccountInputs,
  nowMs: number,
  policy: CompiledPolicy,
): Draft<AccountView> {
  return {
    available_usdt: availableUsdt,
    daily_loss: state.dailyLoss(nowMs, marginBalanceUsdt),
    drawdown: state.drawdown(nowMs, marginBalanceUsdt, policy.spec.account.drawdown.window_ms),
    equity_usdt: marginBalanceUsdt,
    margin_ratio: marginRatio,
    observed_at_ms: observedAtMs,
    reserved_margin_usdt: 0,
  };
}

/** Tiers of rule 8 that the account has reached; null while the account is not known. */
export function findAccountTiers(
  state: GateViews,
  inputs: LiveInputs,
  policy: CompiledPolicy,
): ReturnType<typeof findAccount> | null {
  const { account, nowMs } = inputs;
  if (account === null) return null;
  return findAccount(viewBalance(state, account, nowMs, policy), policy);
}

function viewReservedMargin({ ask, inputs, state, symbol }: Subject): number {
  if (state.uncontained.size === 0 && state.readAs.size === 0) return 0;
  const exposed = exposedSymbols(state);
  // A symbol that is flat again holds no margin; it is also not among the marks that are recorded.
  return reservedMargin(
    state,
    inputs.symbols,
    ask,
    (order) => order.symbol === symbol || exposed.includes(order.symbol),
  );
}

const NOTHING: ExposedPosition = { longE8: 0, shortE8: 0 };

export function viewExposure(subject: Subject): ExposureView {
  const { inputs, live, rules, state, symbol } = subject;
  const position = state.positions.get(symbol);
  const [long, short] =
    position === undefined ? [0, 0] : [coveringLots(longE8(position), rules), coveringLots(shortE8(position), rules)];
  const worst =
    rules === null || live === null
      ? { longUnits: long, shortUnits: short }
      : exposureOf(subject, symbol, rules, live.mark);
  let gross = 0;
  let heldUsdt = 0;
  let positions = 0;
  let regime: Regime | null = null;
  let markAtMs: number | null = null;
  const marks: (readonly [string, number])[] = [];
  const exposed = exposedInOrder(state);
  for (const other of exposed) {
    if (other === symbol) continue;
    const otherRules = state.rules.get(other);
    const otherLive = inputs.symbols.get(other);
    if (otherRules === undefined || otherLive === undefined) {
      positions += 1;
      gross = UNVALUED_USDT;
      continue;
    }
    const counted = worthOf(exposureOf(subject, other, otherRules, otherLive.mark), otherRules);
    marks.push([other, otherLive.mark]);
    // There is nothing but what this review cancels already.
    if (counted === 0) continue;
    positions += 1;
    if (otherRules.trading && !(markAtMs !== null && markAtMs <= otherLive.markAtMs)) markAtMs = otherLive.markAtMs;
    gross = Math.min(UNVALUED_USDT, gross + counted);
    heldUsdt += heldWorth(state, other, otherLive.mark, otherRules);
    regime = regime === null ? otherLive.heldRegime : highestRegime(regime, otherLive.heldRegime);
  }
  pushMarksOfLots(marks, subject, exposed);
  return {
    gross_other_sent_usdt: Math.min(UNVALUED_USDT, heldUsdt),
    gross_other_usdt: gross,
    liquidation_distance:
      position === undefined || live === null
        ? null
        : liquidationDistance(position.liquidationPrice, position.quantityE8, live.mark),
    long_lots: long,
    long_units: worst.longUnits,
    opposed_by_long: null,
    opposed_by_short: null,
    other_mark_at_ms: markAtMs,
    other_marks: marks,
    other_positions: positions,
    other_regime: regime,
    position_lots: position === undefined || rules === null ? 0 : floorLots(position.quantityE8, rules),
    position_since_ms: state.time.venueMsOf(position?.sinceMs ?? null),
    recorded_price: live === null ? recordedPrice(state, position) : null,
    short_lots: short,
    short_units: worst.shortUnits,
  };
}

/** Without rules nobody knows how many lots it is: one, so that it is not taken for nothing. */
function coveringLots(quantityE8: number, rules: SymbolRules | null): number {
  return rules === null ? Math.sign(quantityE8) : ceilLots(quantityE8, rules);
}

/**
 * Marks of what an agent still holds by its trades where nothing is exposed any more, and of fills whose trades are not
 * read yet: its loss is reported with them.
 */
function pushMarksOfLots(
  marks: (readonly [string, number])[],
  { inputs, policy, request, state, symbol: asked }: Subject,
  exposed: readonly string[],
): void {
  const { agent } = request;
  const pushed = marks.length;
  const note = (symbol: string): void => {
    const mark = symbol === asked || exposed.includes(symbol) ? undefined : inputs.symbols.get(symbol)?.mark;
    if (mark === undefined) return;
    for (let i = pushed; i < marks.length; i += 1) if (marks[i]![0] === symbol) return;
    marks.push([symbol, mark]);
  };
  for (const [symbol, { held }] of state.accounts.books) if (lotsOf(held.lots, agent) !== 0) note(symbol);
  if (policy.lossTiers !== null) for (const { order } of unreadOf(state, agent)) note(order.symbol);
}

/** Worst case of one symbol in units; without a mark there is no value, so anything at all counts as unbounded. */
function exposureOf(
  { ask, state }: Pick<Subject, 'ask' | 'state'>,
  symbol: string,
  rules: SymbolRules,
  mark: number,
): { longUnits: number; shortUnits: number } {
  const position = state.positions.get(symbol);
  const held: ExposedPosition =
    position === undefined ? NOTHING : { longE8: longE8(position), shortE8: shortE8(position) };
  return worstCase(held, othersThan(liveOrders(state.orders, symbol), ask, null), markInTicks(mark, rules), rules);
}

function worthOf({ longUnits, shortUnits }: Exposure, rules: SymbolRules): number {
  return unitsInUsdt(Math.max(longUnits, shortUnits), rules);
}
/** Filled lots alone. RISK: an order that never fills is no counterweight; of two counts the smaller one is proven. */
function heldWorth({ positions }: GateViews, symbol: string, mark: number, rules: SymbolRules): number {
  const position = positions.get(symbol);
  return position === undefined
    ? 0
    : unitsInUsdt(floorLots(surelyHeldE8(position), rules) * markInTicks(mark, rules), rules);
}

/** Of a position that no feed values yet; null when there is none. */
function recordedPrice(state: GateViews, position: PositionState | undefined): number | null {
  if (position === undefined || longE8(position) + shortE8(position) === 0) return null;
  const mark = state.account?.positions.find(({ symbol }) => symbol === position.symbol)?.mark_price ?? 0;
  const price = mark > 0 ? mark : position.entryPrice;
  return price > 0 ? price : null;
}

/** From the mark to the liquidation price as a fraction of the mark, negative beyond it; null while there is none. */
export function liquidationDistance(price: number | null, quantityE8: number, mark: number): number | null {
  if (price === null || quantityE8 === 0 || price <= 0) return null;
  return quantityE8 > 0 ? 1 - price / mark : price / mark - 1;
}
