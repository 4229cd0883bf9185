import type { FlattenBody, ReadinessBody, SignalEntryBody, TradingStateBody } from '../../contract/types/operator.ts';
import type { PasskeyBody } from '../../contract/types/passkeys.ts';
import type { ArmingBody } from '../../contract/types/policy.ts';
import type { AlertBody, OrderBody } from '../../contract/types/reads.ts';
import type { TokenBody } from '../../contract/types/tokens.ts';
import { profileOf } from '../../core/venues.ts';
import type { ApprovalBody, ApprovedBody } from '../../engine/records/approvals.ts';
import { figure, usdt, words } from '../format.ts';
import { showText } from '../parts.tsx';
import { listDecisions } from '../state/decisions.ts';
import { isGap } from '../state/gaps.ts';
import { orders, policy, positions, readiness } from '../state/store.ts';
import { type ActScope, act } from './act.tsx';
import type { ActRequest } from './signing.ts';

/** There a token approves nothing, and a passkey signs an adoption once one is enrolled. */
export const isLive = (): boolean => readiness.value !== null && profileOf(readiness.value.venue).isRealMoney;

type StateWord = 'active' | 'reducing' | 'halted';

/** What tightens needs no reason, as on the command line. */
const BY_HAND = 'by hand, in the console';
const ACCOUNT: ActScope = { value: 'account', label: 'the whole account' };
function listScopes(hasAgents: boolean): readonly ActScope[] {
  const spec = policy.value?.policy as { scope?: { symbols?: readonly string[] } } | undefined;
  const symbols = new Set([...(spec?.scope?.symbols ?? []), ...(positions.value ?? []).map((each) => each.symbol)]);
  const agents = hasAgents
    ? new Set(listDecisions().flatMap((row) => (isGap(row) ? [] : row.agent)))
    : new Set<string>();
  for (const { holder } of hasAgents ? (positions.value ?? []) : []) if (holder != null) agents.add(holder);
  return [
    ACCOUNT,
    ...[...symbols].sort().map((name) => ({ value: `symbol:${name}`, label: `symbol ${name}` })),
    ...[...agents].sort().map((name) => ({ value: `agent:${name}`, label: `agent ${name}` })),
  ];
}
function split(scope: string): { readonly kind: string; readonly name: string } {
  const at = scope.indexOf(':');
  return at < 0 ? { kind: scope, name: '' } : { kind: scope.slice(0, at), name: scope.slice(at + 1) };
}

function setState(state: StateWord, reason: string, scope: string): ActRequest {
  const { kind, name } = split(scope);
  return {
    method: 'PUT',
    path: '/v1/trading-state',
    body: { state, reason, ...(kind === 'account' ? {} : { [kind]: name }) },
  };
}
/** What now holds where it was set: the account may be in another state, and other layers may hold the same. */
function describeState(answer: unknown, scope: string): string {
  const { layers, state } = answer as TradingStateBody;
  const { kind, name } = split(scope);
  const account = `the account is ${state}`;
  if (kind === 'account') return `Done: ${account} now.`;
  const held = layers.filter((each) => each.scope === kind && each.name === name && each.state !== 'active');
  const states = held.map((each) => `${each.state} by the ${each.layer} layer`).join(', ');
  return `Done: ${name} is ${states === '' ? 'held by no layer of its own' : states}; ${account}.`;
}

/** What would open, in words. Orders of others, which only a flatten cancels, are not counted. */
function describeOpenings(): string {
  const openings = (orders.value ?? []).filter((order) => !order.reduce_only && !order.foreign);
  if (openings.length === 0) return 'No opening order of ours is open now.';
  const count =
    openings.length === 1 ? 'One opening order of ours is' : `${openings.length} opening orders of ours are`;
  return `${count} open now; those within the scope are canceled, whatever the policy’s standing.on_breach says.`;
}
function held(): string {
  const open = positions.value ?? [];
  if (open.length === 0) return 'No position is open now.';
  const sum = open.reduce((total, position) => total + position.notional_usdt, 0);
  return `Open now: ${open.map((each) => `${each.quantity} ${each.symbol}`).join(', ')}, ${usdt(sum)} USDT at the mark.`;
}

export function openReduce(): void {
  act.value = {
    title: 'Reduce only',
    effect: `Agents may exit and cancel; nothing that adds risk passes until an operator resumes. ${describeOpenings()}`,
    confirm: 'Reduce only',
    scopes: listScopes(true),
    needsReason: true,
    reasonElse: BY_HAND,
    isBySession: true,
    send: ({ reason, scope }) => setState('reducing', reason, scope),
    describe: describeState,
  };
}
export function openHalt(): void {
  act.value = {
    title: 'Halt trading',
    effect: `Agents may only cancel their opening orders: they cannot exit either. Positions stay as they are; protective stops stay at the venue. ${held()} ${describeOpenings()}`,
    confirm: 'Halt trading',
    isGrave: true,
    scopes: listScopes(true),
    needsReason: true,
    reasonElse: BY_HAND,
    isBySession: true,
    isUrgent: true,
    send: ({ reason, scope }) => setState('halted', reason, scope),
    describe: describeState,
  };
}
export function openResume(): void {
  act.value = {
    title: 'Resume trading',
    effect:
      'The operator’s layer and a breaker of the same scope are lifted, and agents may open again within the policy; on binance-live after the policy’s delay. No other layer is lifted: what a condition, the boot, a signal, the venue or an unresolved order set holds until it clears by itself.',
    confirm: 'Resume trading',
    scopes: listScopes(true),
    needsReason: true,
    send: ({ reason, scope }) => setState('active', reason, scope),
    describe: describeState,
  };
}
export function openFlatten(): void {
  act.value = {
    title: 'Flatten',
    effect: `Halts, cancels every opening order and closes every position at market, within the exit ladder of the policy. It goes on until all is flat, also after a restart. Closing costs fees and slippage and cannot be undone. ${held()}`,
    confirm: 'Close everything',
    isGrave: true,
    scopes: listScopes(false),
    needsReason: true,
    reasonElse: BY_HAND,
    send: ({ reason, scope }) => {
      const { kind, name } = split(scope);
      return {
        method: 'POST',
        path: '/v1/flatten',
        body: { reason, ...(kind === 'symbol' ? { symbols: [name] } : {}) },
      };
    },
    describe: (answer) => {
      const { note, positions_left: left } = answer as FlattenBody;
      return `Flatten was taken. ${left.length === 0 ? 'Nothing is open.' : `${left.length} positions are still being closed.`} ${note}`;
    },
  };
}
export function openEndSignal(signal: SignalEntryBody): void {
  const scope = [signal.agent ?? 'every agent', signal.symbol ?? 'every symbol'].join(', ');
  act.value = {
    title: `End signal ${signal.signal_id}`,
    effect: `The ${signal.kind} signal of ${signal.set_by} (severity ${figure(signal.severity)}, ${scope}) ends now instead of by itself, and what it tightened is loose again. On binance-live it is asked for twice.`,
    confirm: 'End the signal',
    needsReason: true,
    send: ({ reason }) => ({
      method: 'POST',
      path: `/v1/signals/${encodeURIComponent(signal.signal_id)}/end`,
      body: { reason },
    }),
    describe: () => `Signal ${signal.signal_id} has ended.`,
  };
}
export function openEndOrder(order: OrderBody): void {
  act.value = {
    title: `End lost order ${order.client_order_id}`,
    effect: `Nothing proves what became of this ${order.side} of ${order.quantity} ${order.symbol}. Look at the venue first. Its reservation of ${usdt(order.reserved_notional_usdt)} USDT is free again and ${order.symbol} may open; what it may have filled is then nobody’s until an operator closes it or gives it to an agent. On binance-live it is asked for twice.`,
    confirm: 'End the order',
    isGrave: true,
    needsReason: true,
    send: ({ reason }) => ({
      method: 'POST',
      path: `/v1/orders/${encodeURIComponent(order.client_order_id)}/end`,
      body: { reason },
    }),
    describe: () => `Order ${order.client_order_id} is ended.`,
  };
}
export function openApprove(approval: ApprovalBody): void {
  const { approval_id: id, digest, quorum, signatures } = approval;
  const others = quorum - signatures.length - 1;
  act.value = {
    title: `Approve ${approval.words}`,
    effect: `${approval.agent} may ${approval.side} at most ${approval.quantity} ${approval.symbol} (${usdt(approval.notional_usdt)} USDT) at ${approval.worst_price} or better, with leverage up to ${approval.leverage}. ${others > 0 ? `${others} more must approve before anything is sent.` : 'The gate decides again now, and sends the order if every other rule permits it.'} Approval ${id}. Compare the four words with another screen.`,
    confirm: 'Approve',
    isGrave: true,
    isForPasskeys: isLive(),
    needsReason: false,
    send: () => ({
      method: 'POST',
      path: pathOfApproval(id),
      body: { action: 'approve', digest },
      digested: approval.text,
    }),
    describe: (answer) => {
      const { answer: granted } = answer as ApprovedBody;
      if (granted === null) return `Your approval of ${approval.words} is on record; others are needed.`;
      return `${approval.words}: ${granted.decision.decision}, ${words(granted.execution.state)}.`;
    },
  };
}
export function openDeny(approval: ApprovalBody): void {
  act.value = {
    title: `Deny ${approval.words}`,
    effect: `Nothing is sent. ${approval.agent} reads the reason, and may ask for another order.`,
    confirm: 'Deny',
    needsReason: true,
    send: ({ reason }) => ({
      method: 'POST',
      path: pathOfApproval(approval.approval_id),
      body: { action: 'deny', reason },
    }),
    describe: () => `${approval.words} is denied.`,
  };
}
const pathOfApproval = (id: string): string => `/v1/approvals/${encodeURIComponent(id)}`;

export function openAcceptPolicy(pending: NonNullable<ReadinessBody['pending_policy']>): void {
  act.value = {
    title: 'Accept the pending policy',
    effect: `It allows more than the policy in force in ${pending.looser.length} keys: ${pending.looser.join('; ')}. Agents may use that at once; on binance-live after the policy’s delay.`,
    confirm: 'Put it in force',
    isGrave: true,
    isForPasskeys: pending.quorum !== undefined,
    needsReason: false,
    send: () => ({ method: 'POST', path: '/v1/policy/reload', body: { hash: pending.hash } }),
    describe: (answer) => `The policy is ${words((answer as { status: string }).status)}.`,
  };
}
export function openSignArming({ digest, policy_hash: hash, quorum, signed_by: names }: ArmingBody): void {
  const left = quorum - names.length - 1;
  act.value = {
    title: 'Sign the arming of binance-live',
    effect: `Your passkey signs the arming ${digest.slice(0, 12)} for the policy ${hash.slice(0, 12)}, on record. ${left > 0 ? `${left} more must sign before anything opens.` : 'Agents may open positions with real money at once.'} A token cannot sign it.`,
    confirm: 'Sign with a token',
    isGrave: true,
    isForPasskeys: true,
    needsReason: false,
    send: () => ({ method: 'POST', path: '/v1/arming', body: { digest } }),
    describe: (answer) => {
      const { signed_by: signed, quorum: needed } = answer as ArmingBody;
      return `Signed by ${signed.join(', ')}; ${needed} must.`;
    },
  };
}
export function openRemovePasskey({ id, name }: PasskeyBody): void {
  act.value = {
    title: `Remove passkey ${name}`,
    effect: `The passkey ${name} signs nothing from now on, and its sessions end. Openings that it approved are canceled. The last one that is removed leaves no way to enrol another but a recovery, which needs the account halted.`,
    confirm: 'Remove the passkey',
    isGrave: true,
    needsReason: true,
    send: ({ reason }) => ({ method: 'POST', path: `/v1/passkeys/${id}/remove`, body: { reason } }),
    describe: () => `The passkey ${name} is removed.`,
  };
}
export function openRevokeToken({ id, role, name, is_own: isOwn }: TokenBody): void {
  const lost = {
    agent:
      'Whoever trades with it is refused. What it asked to open is canceled, and approvals it asked for are void; positions, exits and stops stay.',
    metrics: 'Whoever scrapes metrics with it is refused.',
    monitor: 'Whoever looks or reports with it is refused.',
    operator:
      'Whoever operates with it is refused, and sessions that it opened end. Openings that were asked for or approved with it are canceled.',
  }[role];
  const own = isOwn ? ' You signed in with this token: this session ends.' : '';
  act.value = {
    title: `Revoke token ${id}`,
    effect: `The ${role} token “${showText(name)}” is refused from now on, and cannot be made valid again. ${lost}${own}`,
    confirm: 'Revoke the token',
    isGrave: true,
    needsReason: true,
    send: ({ reason }) => ({ method: 'POST', path: `/v1/tokens/${id}/revoke`, body: { reason } }),
    describe: () => `Token ${id} is revoked.`,
  };
}
export function openAcknowledge(alert: AlertBody): void {
  act.value = {
    title: `Acknowledge alert ${alert.seq}`,
    effect: `The ledger records that ${alert.code} was seen, and by whom. Nothing else changes: what raised it goes on until it is dealt with.`,
    confirm: 'Acknowledge',
    needsReason: true,
    send: ({ reason }) => ({ method: 'POST', path: `/v1/alerts/${alert.seq}/ack`, body: { reason } }),
    describe: () => `Alert ${alert.seq} is acknowledged.`,
  };
}
