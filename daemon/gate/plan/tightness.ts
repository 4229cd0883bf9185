import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import { REGIME_RANK } from '../../core/features/market.ts';
import { findTiers } from '../../core/rules/budgets.ts';
import { holdingTimeMs } from '../../core/rules/tightening.ts';
import { opensAt } from '../../core/schedule.ts';
import { viewLosses } from '../snapshot/agent-losses.ts';
import { exposedSymbols, liquidationDistance } from '../snapshot/exposure-view.ts';
import type { LiveInputs } from '../snapshot/inputs.ts';
import { MAX_ORDERS } from '../snapshot/openings-view.ts';
import type { GateState } from '../state/gate-state.ts';
import { everyLiveOrder, isTerminal, type OrderState } from '../state/orders.ts';
import type { PositionState } from '../state/positions.ts';
import { findAccountTiers, GATE_AGENT, isOwnOpening, type StandingForm } from './standing.ts';
/**
 * When rule 15 has to look at what rests again, without its shell: pure functions of folded state, live inputs and
 * policy, so that the daemon and a replay review at the same instants (SAE-SAME-CODE).
 */

/** How tight each thing is: a higher level is tighter, none is the loosest; of a text any other one may be tighter. */
export type Tightness = ReadonlyMap<string, number | string>;

const STATE_LEVEL = { active: 0, reducing: 1, halted: 2 } as const;
/** A regime that is not known. */
const UNKNOWN_LEVEL = 3;

/** Something is tighter than it was: what merely loosens sends nothing away. */
export function isTighter(now: Tightness, before: Tightness): boolean {
  for (const [key, level] of now) {
    const was = before.get(key);
    if (typeof level === 'string' ? level !== was : level > (typeof was === 'number' ? was : 0)) return true;
  }
  return false;
}
/** What was looked at before, as far as it is as tight still. */
export function stillTight(before: Tightness, now: Tightness): Tightness {
  const still = new Map<string, number | string>();
  for (const [key, was] of before) {
    const level = now.get(key);
    if (level !== undefined)
      still.set(key, typeof was === 'number' && typeof level === 'number' ? Math.min(was, level) : was);
  }
  return still;
}

/** Everything whose tightening asks for a review. */
export function describeTightness(
  state: GateState,
  inputs: LiveInputs,
  policyHash: string,
  policyFor: (agent: string) => CompiledPolicy,
): Tightness {
  const now = inputs.nowMs;
  const found = new Map<string, number | string>([['policy', policyHash]]);
  for (const { layer, name, scope, state: inForce } of state.layers.values())
    found.set(`${layer}/${scope}/${name ?? ''}`, STATE_LEVEL[inForce]);
  for (const signal of state.signals.values()) if (signal.expires_at_ms > now) found.set(signal.signal_id, 1);
  for (const symbol of exposedSymbols(state)) {
    const regime = inputs.symbols.get(symbol)?.heldRegime;
    found.set(symbol, regime === undefined ? UNKNOWN_LEVEL : REGIME_RANK[regime]);
    found.set(`${symbol} orders`, -(state.rules.get(symbol)?.maxOrders ?? MAX_ORDERS));
  }
  const account = findAccountTiers(state, inputs, policyFor(GATE_AGENT));
  if (account !== null) {
    found.set('drawdown', levelOf(account.drawdown.reached));
    found.set('dailyLoss', levelOf(account.dailyLoss.reached));
    found.set('marginRatio', levelOf(account.marginRatio.reached));
  }
  const agents = new Set<string>();
  for (const order of everyLiveOrder(state.orders))
    if (isOwnOpening(order) && order.agent !== null) agents.add(order.agent);
  for (const agent of agents) {
    const policy = policyFor(agent);
    const { traderState } = policy;
    const risk = state.trades.risk(agent, now, traderState);
    found.set(`${agent} p_t`, risk >= traderState.block_at ? 2 : risk >= traderState.limit_at ? 1 : 0);
    if (policy.lossTiers !== null) {
      const { day_usdt: day, week_usdt: week } = viewLosses(state, inputs, agent);
      found.set(`${agent} day`, levelOf(findTiers(policy.lossTiers.day, day ?? Number.NaN).reached));
      found.set(`${agent} week`, levelOf(findTiers(policy.lossTiers.week, week ?? Number.NaN).reached));
    }
    if (policy.schedule !== null && opensAt(policy.schedule, now) > now) found.set(`${agent} closed`, 1);
    for (const position of state.positions.values()) {
      if (isOld(position, inputs, policy)) found.set(`${agent} ${position.symbol} old`, 1);
      if (isNear(position, inputs, policy)) found.set(`${agent} ${position.symbol} near`, 1);
    }
  }
  return found;
}

/** Of the tier that is reached, which may begin at nothing. */
function levelOf(reached: number | null): number {
  return reached === null ? 0 : 1 + reached;
}

/** What rule 8 holds against a position: its age, and its distance from liquidation. */
function isOld({ sinceMs }: PositionState, inputs: LiveInputs, policy: CompiledPolicy): boolean {
  return sinceMs !== null && inputs.nowMs - sinceMs >= holdingTimeMs(policy);
}
function isNear(position: PositionState, inputs: LiveInputs, policy: CompiledPolicy): boolean {
  const { liquidationPrice, quantityE8, symbol } = position;
  const live = inputs.symbols.get(symbol);
  const distance = live === undefined ? null : liquidationDistance(liquidationPrice, quantityE8, live.mark);
  return distance !== null && distance < policy.spec.account.min_liquidation_distance;
}

const NO_ORDERS: ReadonlySet<OrderState> = new Set();

/**
 * Orders that rest larger or dearer than when they were looked at last (an amend of theirs was proven, or somebody changed
 * them at the venue), and those that had ended for us and are open after all, whose room may be taken since. They alone are
 * due: none of it tightens anything for anybody else's orders, and must not have them canceled for a mark that moved.
 */
export class GrownOrders {
  readonly #seen = new WeakMap<OrderState, StandingForm>();
  readonly #due = new Set<OrderState>();
  #resting = NO_ORDERS;

  /** Those due: found now, or since the last {@link clear}. */
  find(resting: readonly OrderState[]): ReadonlySet<OrderState> {
    if (resting.length + this.#due.size === 0) {
      this.#resting = NO_ORDERS;
      return this.#due;
    }
    const live = new Set(resting);
    for (const order of this.#due) if (!live.has(order)) this.#due.delete(order);
    for (const order of resting) {
      const now = { quantityE8: order.quantityE8, priceE8: order.priceE8 ?? 0 };
      const before = this.#seen.get(order);
      this.#seen.set(order, now);
      if (before === undefined) continue;
      const isBack = !this.#resting.has(order);
      if (isBack || now.quantityE8 > before.quantityE8 || now.priceE8 > before.priceE8) this.#due.add(order);
    }
    this.#resting = live;
    return this.#due;
  }

  clear(): void {
    this.#due.clear();
  }
}

/**
 * Orders that a review did not count, since they are being canceled. What rests beside them was found to fit without
 * them: one that fills after all, before its cancel is taken, makes that worthless, and all that rests is due again.
 */
export class LeavingOrders {
  /** By order: what it had filled when it was last looked at. */
  readonly #filledE8 = new Map<OrderState, number>();

  /** Whether one of them has filled more since; it says so until a review is {@link noteReview noted} as complete. */
  hasFilled(): boolean {
    for (const [order, quantityE8] of this.#filledE8) {
      if (order.executedE8 > quantityE8) return true;
      if (isTerminal(order.status)) this.#filledE8.delete(order);
    }
    return false;
  }

  /** `leaving`: what the review did not count, with what was filled of it by then. */
  noteReview(leaving: Iterable<OrderState>, isComplete: boolean): void {
    if (isComplete) this.#filledE8.clear();
    for (const order of leaving) if (!this.#filledE8.has(order)) this.#filledE8.set(order, order.executedE8);
  }
}
