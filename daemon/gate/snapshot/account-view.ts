import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { AccountView } from '../../core/context.ts';
import type { GateState } from '../state/gate-state.ts';
import { exposedSymbols } from './exposed-symbols.ts';
import type { LiveInputs } from './inputs.ts';
import { ownMargin, reservedMargin } from './margin.ts';
import type { Own } from './other-orders.ts';

export function viewAccount(
  state: GateState,
  inputs: LiveInputs,
  policy: CompiledPolicy,
  symbol: string,
  own: Own,
): AccountView | null {
  const account = inputs.account;
  if (account === null) return null;
  return {
    available_usdt: account.availableUsdt,
    daily_loss: state.equity.dailyLoss(inputs.nowMs, account.marginBalanceUsdt),
    drawdown: state.equity.drawdown(inputs.nowMs, account.marginBalanceUsdt, policy.spec.account.drawdown.window_ms),
    equity_usdt: account.marginBalanceUsdt,
    margin_ratio: account.marginRatio,
    observed_at_ms: account.observedAtMs,
    reserved_margin_usdt: viewReservedMargin(state, inputs, symbol, own) - ownMargin(state, own),
  };
}

function viewReservedMargin(state: GateState, inputs: LiveInputs, symbol: string, own: Own): number {
  if (state.uncontained.size === 0 && state.readAs.size === 0) return 0;
  const exposed = exposedSymbols(state);
  // A symbol that is flat again holds no margin; it is also not among the marks that are recorded.
  return reservedMargin(state, inputs.symbols, own, (order) => order.symbol === symbol || exposed.has(order.symbol));
}
