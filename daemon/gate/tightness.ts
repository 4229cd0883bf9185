/**
 * When rule 15 has to look at what rests again, without its shell: pure functions of folded state, live inputs and
 * policy, so that the daemon and a replay review at the same instants (SAE-SAME-CODE).
 */

import type { CompiledPolicy } from '../core/compiled-policy.ts';
import { holdingTimeMs } from '../core/rules/tightening.ts';
import { findAccountTiers, GATE_AGENT, isOwnOpening, type StandingForm } from './review.ts';
import { exposedSymbols } from './snapshot/exposed-symbols.ts';
import { liquidationDistance } from './snapshot/exposure-view.ts';
import type { LiveInputs } from './snapshot/inputs.ts';
import type { GateState } from './state/gate-state.ts';
import { everyLiveOrder, type OrderState } from './state/orders.ts';
import type { PositionState } from './state/positions.ts';

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
    for (const position of state.positions.values()) {
      const bound = describeBound(position, inputs, policy);
      if (bound !== '') parts.push(`${agent}/${position.symbol}=${bound}`);
    }
  }
  return parts.join(';');
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
 * Orders that rest larger or dearer than when they were looked at last: an amend of theirs was proven, or somebody
 * changed them at the venue. They alone are due: an amend tightens nothing for anybody else's orders, and must not have
 * them canceled for a mark that moved. Not for a replay, where an amend is decided and proven at one instant.
 */
export class GrownOrders {
  readonly #seen = new WeakMap<OrderState, StandingForm>();
  readonly #due = new Set<OrderState>();

  /** Those due: found now, or since the last {@link clear}. */
  find(resting: readonly OrderState[]): ReadonlySet<OrderState> {
    const live = new Set(resting);
    for (const order of this.#due) if (!live.has(order)) this.#due.delete(order);
    for (const order of resting) {
      const now = { lots: order.lots, priceTicks: order.priceTicks ?? 0 };
      const before = this.#seen.get(order);
      this.#seen.set(order, now);
      if (before !== undefined && (now.lots > before.lots || now.priceTicks > before.priceTicks)) this.#due.add(order);
    }
    return this.#due;
  }

  clear(): void {
    this.#due.clear();
  }
}
