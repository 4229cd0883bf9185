import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import { holdingTimeMs } from '../../core/rules/tightening.ts';
import { exposedSymbols, liquidationDistance } from '../snapshot/exposure-view.ts';
import type { LiveInputs } from '../snapshot/inputs.ts';
import type { GateState } from '../state/gate-state.ts';
import { everyLiveOrder, isTerminal, type OrderState } from '../state/orders.ts';
import type { PositionState } from '../state/positions.ts';
import { findAccountTiers, GATE_AGENT, isOwnOpening, type StandingForm } from './standing.ts';
/**
 * The pure part of when rule 15 must review resting orders again: functions of folded state, live inputs and
 * policy, so that the daemon and a replay review at the same times (SAE-SAME-CODE).
 */

/** Everything whose tightening requires a review, as text: if the text is equal, nothing has tightened. */
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
    for (const position of state.positions.values()) {
      const bound = describeBound(position, inputs, policy);
      if (bound !== '') parts.push(`${agent}/${position.symbol}=${bound}`);
    }
  }
  return parts.join(';');
}

/** Rule 8's findings about a position's age and its distance from liquidation. */
function describeBound(position: PositionState, inputs: LiveInputs, policy: CompiledPolicy): string {
  const { liquidationPrice, lots, sinceMs, symbol } = position;
  const live = inputs.symbols.get(symbol);
  const distance = live === undefined ? null : liquidationDistance(liquidationPrice, lots, live.mark);
  const isOld = sinceMs !== null && inputs.nowMs - sinceMs >= holdingTimeMs(policy);
  const isNear = distance !== null && distance < policy.spec.account.min_liquidation_distance;
  return `${isOld ? 'old' : ''}${isNear ? 'near' : ''}`;
}

/**
 * Orders that rest larger or dearer than at their last review (an amend was proven, or somebody changed them at the
 * venue), and orders that had ended for us and are open after all, whose room may be taken since. Only these are due:
 * none of this tightens anything for other orders, which must not be canceled because a mark moved. A replay does not
 * need it, since there an amend is decided and proven at the same time.
 */
export class GrownOrders {
  readonly #seen = new WeakMap<OrderState, StandingForm>();
  readonly #due = new Set<OrderState>();
  #resting: ReadonlySet<OrderState> = new Set();

  /** Orders that are due: found now, or since the last {@link clear}. */
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
 * Orders that a review ignored, since they are being canceled. The other resting orders were found to fit without
 * them. If one fills before its cancel takes effect, that finding is void, and everything that rests is due again. A
 * replay does not need it, since there a cancel is requested and proven at the same time.
 */
export class LeavingOrders {
  /** By order: its fills at the last review. */
  readonly #filledLots = new Map<OrderState, number>();

  /** Whether one of them has filled more since. True until a review is {@link noteReview noted} as complete. */
  hasFilled(): boolean {
    for (const [order, lots] of this.#filledLots) {
      if (order.executedLots > lots) return true;
      if (isTerminal(order.status)) this.#filledLots.delete(order);
    }
    return false;
  }

  /** `leaving`: the orders that the review ignored, with their fills by then. */
  noteReview(leaving: Iterable<OrderState>, isComplete: boolean): void {
    if (isComplete) this.#filledLots.clear();
    for (const order of leaving) if (!this.#filledLots.has(order)) this.#filledLots.set(order, order.executedLots);
  }
}
