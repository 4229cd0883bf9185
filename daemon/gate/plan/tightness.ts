import type { CompiledPolicy, CompiledTier } from '../../core/compiled-policy.ts';
import type { LossesView } from '../../core/context.ts';
import { findTiers } from '../../core/rules/budgets.ts';
import { holdingTimeMs } from '../../core/rules/tightening.ts';
import { opensAt } from '../../core/schedule.ts';
import { viewLosses } from '../snapshot/agent-losses.ts';
import { exposedSymbols, liquidationDistance } from '../snapshot/exposure-view.ts';
import type { LiveInputs } from '../snapshot/inputs.ts';
import type { GateState } from '../state/gate-state.ts';
import { everyLiveOrder, isTerminal, type OrderState } from '../state/orders.ts';
import type { PositionState } from '../state/positions.ts';
import { findAccountTiers, GATE_AGENT, isOwnOpening, type StandingForm } from './standing.ts';
/**
 * When rule 15 has to look at what rests again, without its shell: pure functions of folded state, live inputs and
 * policy, so that the daemon and a replay review at the same instants (SAE-SAME-CODE).
 */

/** Everything whose tightening asks for a review, as text: equal text, nothing has tightened since. */
export function describeTightness(
  state: GateState,
  inputs: LiveInputs,
  policyHash: string,
  policyFor: (agent: string) => CompiledPolicy,
): string {
  const now = inputs.nowMs;
  const parts: string[] = [policyHash];
  for (const entry of state.layers.values())
    parts.push(`${entry.layer}/${entry.scope}/${entry.name ?? ''}/${entry.state}`);
  for (const signal of state.signals.values()) if (signal.expires_at_ms > now) parts.push(signal.signal_id);
  for (const symbol of [...exposedSymbols(state)].sort())
    parts.push(`${symbol}=${inputs.symbols.get(symbol)?.heldRegime ?? 'none'}`);
  const account = findAccountTiers(state, inputs, policyFor(GATE_AGENT));
  if (account !== null)
    parts.push(
      `dd${account.drawdown.reached ?? ''}dl${account.dailyLoss.reached ?? ''}mr${account.marginRatio.reached ?? ''}`,
    );
  const agents = new Set<string>();
  for (const order of everyLiveOrder(state.orders))
    if (isOwnOpening(order) && order.agent !== null) agents.add(order.agent);
  for (const agent of [...agents].sort()) {
    const policy = policyFor(agent);
    const { traderState } = policy;
    const risk = state.trades.risk(agent, now, traderState);
    parts.push(`${agent}=${risk >= traderState.block_at ? 2 : risk >= traderState.limit_at ? 1 : 0}`);
    if (policy.lossTiers !== null)
      parts.push(`${agent}:${describeLoss(viewLosses(state, inputs, agent), policy.lossTiers)}`);
    if (policy.schedule !== null && opensAt(policy.schedule, now) > now) parts.push(`${agent}@closed`);
    for (const position of state.positions.values()) {
      const bound = describeBound(position, inputs, policy);
      if (bound !== '') parts.push(`${agent}/${position.symbol}=${bound}`);
    }
  }
  return parts.join(';');
}

/** The tiers that an agent's own loss has reached. */
function describeLoss({ day_usdt, week_usdt }: LossesView, tiers: CompiledPolicy['lossTiers'] & object): string {
  const reached = (list: readonly CompiledTier[], usdt: number | null): string =>
    String(findTiers(list, usdt ?? Number.NaN).reached ?? '');
  return `${reached(tiers.day, day_usdt)}/${reached(tiers.week, week_usdt)}`;
}

/** What rule 8 holds against a position for its age, and for its distance from liquidation. */
function describeBound(position: PositionState, inputs: LiveInputs, policy: CompiledPolicy): string {
  const { liquidationPrice, lots, sinceMs, symbol } = position;
  const live = inputs.symbols.get(symbol);
  const distance = live === undefined ? null : liquidationDistance(liquidationPrice, lots, live.mark);
  const isOld = sinceMs !== null && inputs.nowMs - sinceMs >= holdingTimeMs(policy);
  const isNear = distance !== null && distance < policy.spec.account.min_liquidation_distance;
  return `${isOld ? 'old' : ''}${isNear ? 'near' : ''}`;
}

/**
 * Orders that rest larger or dearer than when they were looked at last (an amend of theirs was proven, or somebody changed
 * them at the venue), and those that had ended for us and are open after all, whose room may be taken since. They alone are
 * due: none of it tightens anything for anybody else's orders, and must not have them canceled for a mark that moved.
 */
export class GrownOrders {
  readonly #seen = new WeakMap<OrderState, StandingForm>();
  readonly #due = new Set<OrderState>();
  #resting: ReadonlySet<OrderState> = new Set();

  /** Those due: found now, or since the last {@link clear}. */
  find(resting: readonly OrderState[]): ReadonlySet<OrderState> {
    const live = new Set(resting);
    for (const order of this.#due) if (!live.has(order)) this.#due.delete(order);
    for (const order of resting) {
      const now = { lots: order.lots, priceTicks: order.priceTicks ?? 0 };
      const before = this.#seen.get(order);
      this.#seen.set(order, now);
      if (before === undefined) continue;
      const isBack = !this.#resting.has(order);
      if (isBack || now.lots > before.lots || now.priceTicks > before.priceTicks) this.#due.add(order);
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
  readonly #filledLots = new Map<OrderState, number>();

  /** Whether one of them has filled more since; it says so until a review is {@link noteReview noted} as complete. */
  hasFilled(): boolean {
    for (const [order, lots] of this.#filledLots) {
      if (order.executedLots > lots) return true;
      if (isTerminal(order.status)) this.#filledLots.delete(order);
    }
    return false;
  }

  /** `leaving`: what the review did not count, with what was filled of it by then. */
  noteReview(leaving: Iterable<OrderState>, isComplete: boolean): void {
    if (isComplete) this.#filledLots.clear();
    for (const order of leaving) if (!this.#filledLots.has(order)) this.#filledLots.set(order, order.executedLots);
  }
}
