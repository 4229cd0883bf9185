import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { AgentView } from '../../core/context.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import type { SymbolRules } from '../ports.ts';
import { agentsShare, closableShare } from '../state/closable-share.ts';
import { markInTicks, unitsInUsdt, worstCase } from '../state/exposure.ts';
import type { GateState } from '../state/gate-state.ts';
import { everyLiveOrder, liveOrders, type OrderState } from '../state/orders.ts';
import { exposedInOrder, UNVALUED_USDT } from './exposed-symbols.ts';
import type { Ask, LiveInputs, SymbolInputs } from './inputs.ts';
import { type Own, othersThan } from './other-orders.ts';
import { pendingTurnover } from './pacing-view.ts';

export function viewAgent(
  state: GateState,
  inputs: LiveInputs,
  request: ExecutionRequest,
  symbol: string,
  rules: SymbolRules | null,
  live: SymbolInputs | null,
  policy: CompiledPolicy,
  ask: Ask,
): AgentView {
  const { agent } = request;
  const pace = state.pacing.readAgent(agent);
  const position = state.positions.get(symbol);
  const share = position?.shares.get(agent) ?? 0;
  const held = { longLots: Math.max(0, share), shortLots: Math.max(0, -share) };
  const counted =
    rules === null || live === null
      ? { longUnits: 0, shortUnits: 0 }
      : worstCase(held, othersThan(liveOrders(state.orders, symbol), ask, agent), markInTicks(live.mark, rules));
  const others =
    policy.agentBudgets === null ? { gross: 0, positions: 0 } : agentElsewhere(state, inputs, agent, symbol, ask);
  const pending =
    policy.agentBudgets === null ? { turnoverUsdt: 0, feesUsdt: 0 } : pendingTurnover(state, inputs, ask, agent);
  const resting = countRestingExits(state, symbol, request);
  return {
    fees_usdt: pace.fees.sum(inputs.nowMs),
    gross_other_usdt: others.gross,
    long_units: counted.longUnits,
    other_positions: others.positions,
    p_risk: state.trades.risk(agent, inputs.nowMs, policy.traderState),
    pending_fees_usdt: pending.feesUsdt,
    pending_turnover_usdt: pending.turnoverUsdt,
    resting_exits: resting.own,
    share_lots: viewShare(state, symbol, request, ask),
    short_units: counted.shortUnits,
    symbol_resting_exits: resting.inSymbol,
    turnover_usdt: pace.turnover.sum(inputs.nowMs),
  };
}

/** What goes out now, or is amended, is bound by what may still be closed; what is asked for may wait for it. */
function viewShare(state: GateState, symbol: string, { agent, intent, origin }: ExecutionRequest, ask: Ask): number {
  const position = state.positions.get(symbol);
  if (origin === 'gate' && ask.phase !== 'standing') return agentsShare(position);
  const live = liveOrders(state.orders, symbol);
  if (intent === 'modify') return closableShare(position, live, agent, ask.own, true);
  // Targets add: what is on its way does not shrink what is asked for, but what goes out.
  return ask.phase === 'parent' ? (position?.shares.get(agent) ?? 0) : closableShare(position, live, agent, ask.own);
}

/**
 * The agent's own of all symbols, and all agents' of this one; only where they matter: for a limit order that may be one
 * more. Those that made room, or are to be placed again, count as well: they will rest.
 */
function countRestingExits(
  state: GateState,
  symbol: string,
  { agent, order_type }: ExecutionRequest,
): { readonly own: number; readonly inSymbol: number } {
  let [own, inSymbol] = [0, 0];
  if (order_type !== 'limit' || (state.positions.get(symbol)?.lots ?? 0) === 0) return { own, inSymbol };
  const note = (order: OrderState): void => {
    if (order.agent === agent) own += 1;
    if (order.symbol === symbol) inSymbol += 1;
  };
  for (const order of everyLiveOrder(state.orders)) {
    if (!order.reduceOnly || order.protective || order.foreign || order.timeInForce !== 'GTC') continue;
    const target = state.targets.find(order.decisionId ?? '');
    if (target === null || target.end !== null) note(order);
  }
  for (const { order } of state.displaced.waiting()) note(order);
  return { own, inSymbol };
}

function agentElsewhere(
  state: GateState,
  inputs: LiveInputs,
  agent: string,
  symbol: string,
  own: Own,
): { gross: number; positions: number } {
  let gross = 0;
  let positions = 0;
  for (const other of exposedInOrder(state)) {
    if (other === symbol) continue;
    const share = state.positions.get(other)?.shares.get(agent) ?? 0;
    const rules = state.rules.get(other);
    const live = inputs.symbols.get(other);
    if (rules === undefined || live === undefined) {
      gross = UNVALUED_USDT;
      continue;
    }
    const held = { longLots: Math.max(0, share), shortLots: Math.max(0, -share) };
    const counted = worstCase(
      held,
      othersThan(liveOrders(state.orders, other), own, agent),
      markInTicks(live.mark, rules),
    );
    const units = Math.max(counted.longUnits, counted.shortUnits);
    if (units === 0) continue;
    positions += 1;
    gross = Math.min(UNVALUED_USDT, gross + unitsInUsdt(units, rules));
  }
  return { gross, positions };
}
