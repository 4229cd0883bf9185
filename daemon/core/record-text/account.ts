import type { AccountView, AgentView, StateView, TrustView } from '../context.ts';
import { keepNewest } from './newest-text.ts';
import { listText, numberText, quotedOrNull, wordOrNull } from './scalars.ts';

/** The rows of account, agent, state and trust (columns.ts). @throws CanonicalJsonError: a figure is not finite */
export const writeAccount: (view: AccountView) => string = keepNewest(composeAccount, isSameAccount);
export const writeAgent: (view: AgentView) => string = keepNewest(composeAgent, isSameAgent);
export const writeState: (view: StateView) => string = keepNewest(composeState, isSameState);
export const writeTrust: (view: TrustView) => string = keepNewest(composeTrust, isSameTrust);

function composeAccount(account: AccountView): string {
  return (
    `[${numberText(account.available_usdt)},${numberText(account.daily_loss)}` +
    `,${numberText(account.drawdown)},${numberText(account.equity_usdt)}` +
    `,${numberText(account.margin_ratio)},${numberText(account.observed_at_ms)}` +
    `,${numberText(account.reserved_margin_usdt)}]`
  );
}
function isSameAccount(a: AccountView, b: AccountView): boolean {
  return (
    a.available_usdt === b.available_usdt &&
    a.daily_loss === b.daily_loss &&
    a.drawdown === b.drawdown &&
    a.equity_usdt === b.equity_usdt &&
    a.margin_ratio === b.margin_ratio &&
    a.observed_at_ms === b.observed_at_ms &&
    a.reserved_margin_usdt === b.reserved_margin_usdt
  );
}

function composeAgent(agent: AgentView): string {
  return (
    `[${numberText(agent.fees_usdt)},${numberText(agent.gross_other_usdt)}` +
    `,${numberText(agent.long_units)},${numberText(agent.other_positions)}` +
    `,${numberText(agent.p_risk)},${numberText(agent.pending_fees_usdt)}` +
    `,${numberText(agent.pending_turnover_usdt)}` +
    `,${numberText(agent.resting_exits)},${numberText(agent.share_lots)}` +
    `,${numberText(agent.short_units)},${numberText(agent.symbol_resting_exits)}` +
    `,${numberText(agent.turnover_usdt)}]`
  );
}
function isSameAgent(a: AgentView, b: AgentView): boolean {
  return (
    a.fees_usdt === b.fees_usdt &&
    a.gross_other_usdt === b.gross_other_usdt &&
    a.long_units === b.long_units &&
    a.other_positions === b.other_positions &&
    a.p_risk === b.p_risk &&
    a.pending_fees_usdt === b.pending_fees_usdt &&
    a.pending_turnover_usdt === b.pending_turnover_usdt &&
    a.resting_exits === b.resting_exits &&
    a.share_lots === b.share_lots &&
    a.short_units === b.short_units &&
    a.symbol_resting_exits === b.symbol_resting_exits &&
    a.turnover_usdt === b.turnover_usdt
  );
}

function composeState(state: StateView): string {
  return `[${wordOrNull(state.layer)},${quotedOrNull(state.reason)}` + `,${wordOrNull(state.scope)},"${state.state}"]`;
}
function isSameState(a: StateView, b: StateView): boolean {
  return a.layer === b.layer && a.reason === b.reason && a.scope === b.scope && a.state === b.state;
}

function composeTrust(trust: TrustView): string {
  return (
    `[${quotedOrNull(trust.claimed_skill_sha256)},${listText(trust.signals, wordOrNull)}` +
    `,${quotedOrNull(trust.token_skill_sha256)}]`
  );
}
function isSameTrust(a: TrustView, b: TrustView): boolean {
  return (
    a.claimed_skill_sha256 === b.claimed_skill_sha256 &&
    isSameList(a.signals, b.signals) &&
    a.token_skill_sha256 === b.token_skill_sha256
  );
}
function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}
