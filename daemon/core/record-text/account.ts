import type { AccountView, AgentView, StateView, TrustView } from '../context.ts';
import { keepNewest } from './newest-text.ts';
import { listText, type Names, numberText, quotedOrNull, wordOrNull } from './scalars.ts';

/** `canonicalJson` of what a view says of account, agent, state and trust. @throws CanonicalJsonError: a figure is not finite */
export const writeAccount: (view: AccountView) => string = keepNewest(composeAccount, isSameAccount);
export const writeAgent: (view: AgentView) => string = keepNewest(composeAgent, isSameAgent);
export const writeState: (view: StateView) => string = keepNewest(composeState, isSameState);
export const writeTrust: (view: TrustView) => string = keepNewest(composeTrust, isSameTrust);

function composeAccount(account: AccountView): string {
  return (
    `{"available_usdt":${numberText(account.available_usdt)},"daily_loss":${numberText(account.daily_loss)}` +
    `,"drawdown":${numberText(account.drawdown)},"equity_usdt":${numberText(account.equity_usdt)}` +
    `,"margin_ratio":${numberText(account.margin_ratio)},"observed_at_ms":${numberText(account.observed_at_ms)}` +
    `,"reserved_margin_usdt":${numberText(account.reserved_margin_usdt)}}`
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
    `{"fees_usdt":${numberText(agent.fees_usdt)},"gross_other_usdt":${numberText(agent.gross_other_usdt)}` +
    `,"long_units":${numberText(agent.long_units)},"other_positions":${numberText(agent.other_positions)}` +
    `,"p_risk":${numberText(agent.p_risk)},"pending_fees_usdt":${numberText(agent.pending_fees_usdt)}` +
    `,"pending_turnover_usdt":${numberText(agent.pending_turnover_usdt)}` +
    `,"resting_exits":${numberText(agent.resting_exits)},"share_lots":${numberText(agent.share_lots)}` +
    `,"short_units":${numberText(agent.short_units)},"symbol_resting_exits":${numberText(agent.symbol_resting_exits)}` +
    `,"turnover_usdt":${numberText(agent.turnover_usdt)}}`
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
  return (
    `{"layer":${wordOrNull(state.layer)},"reason":${quotedOrNull(state.reason)}` +
    `,"scope":${wordOrNull(state.scope)},"state":"${state.state}"}`
  );
}
function isSameState(a: StateView, b: StateView): boolean {
  return a.layer === b.layer && a.reason === b.reason && a.scope === b.scope && a.state === b.state;
}

function composeTrust(trust: TrustView): string {
  return (
    `{"claimed_skill_sha256":${quotedOrNull(trust.claimed_skill_sha256)},"signals":${listText(trust.signals, wordOrNull)}` +
    `,"token_skill_sha256":${quotedOrNull(trust.token_skill_sha256)}}`
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

export const ACCOUNT_PARTS_ARE_WHOLE: readonly [
  Names<
    AccountView,
    | 'available_usdt'
    | 'daily_loss'
    | 'drawdown'
    | 'equity_usdt'
    | 'margin_ratio'
    | 'observed_at_ms'
    | 'reserved_margin_usdt'
  >,
  Names<
    AgentView,
    | 'fees_usdt'
    | 'gross_other_usdt'
    | 'long_units'
    | 'other_positions'
    | 'p_risk'
    | 'pending_fees_usdt'
    | 'pending_turnover_usdt'
    | 'resting_exits'
    | 'share_lots'
    | 'short_units'
    | 'symbol_resting_exits'
    | 'turnover_usdt'
  >,
  Names<StateView, 'layer' | 'reason' | 'scope' | 'state'>,
  Names<TrustView, 'claimed_skill_sha256' | 'signals' | 'token_skill_sha256'>,
] = [true, true, true, true];
