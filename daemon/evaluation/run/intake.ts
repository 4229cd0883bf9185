import { checkTradingCall, isToolName, isTradingTool } from '../../contract/tools.ts';
import { type CompiledPolicy, compilePolicy } from '../../core/compiled-policy.ts';
import type { IntendedPolicySpec } from '../../core/policy.ts';
import type { Action, ExecutionRequest } from '../../core/request.ts';
import type { OrderState } from '../../engine/orders/orders.ts';
import { GATE_AGENT } from '../../engine/plan/orders.ts';
import type { AgentRequest } from '../facts/agents.ts';
import { argsOf, SERVED_ACCOUNT, SERVED_VENUE } from '../intents/requests.ts';

/** What the daemon serves in a replay. */
export const PLACE = { account: SERVED_ACCOUNT, venue: SERVED_VENUE };
const STRATEGY = 'replay';

export type Intake =
  | {
      readonly kind: 'request';
      readonly request: ExecutionRequest;
      readonly args: object;
      readonly target: OrderState | null;
    }
  /** Answered without a decision: a reading tool, or what HTTP answers with 400 and 404. */
  | { readonly kind: 'read' }
  | { readonly kind: 'rejected'; readonly code: 'SCHEMA' | 'UNKNOWN_TOOL' };

/** The daemon's own intake: the contract's check, then the request that `decide` reads. */
export function readReplayIntake(
  asked: AgentRequest,
  agent: string,
  nowMs: number,
  orders: Pick<ReadonlyMap<string, OrderState>, 'get'>,
): Intake {
  if (!isTradingTool(asked.tool))
    return isToolName(asked.tool) ? { kind: 'read' } : { kind: 'rejected', code: 'UNKNOWN_TOOL' };
  const args = argsOf(asked, STRATEGY);
  if (!checkTradingCall(asked.tool, args).ok) return { kind: 'rejected', code: 'SCHEMA' };
  const named = asked.tool === 'modify_order' || asked.tool === 'cancel_order';
  const target = named && asked.clientOrderId !== null ? (orders.get(asked.clientOrderId) ?? null) : null;
  const isOrder = asked.tool === 'place_order';
  const request: ExecutionRequest = {
    account: isOrder ? asked.account : SERVED_ACCOUNT,
    after_decision_id: isOrder ? asked.afterDecisionId : null,
    agent,
    client_order_id: named ? asked.clientOrderId : null,
    fraction: asked.tool === 'close_position' ? (asked.fraction ?? 1) : null,
    intent: intentOf(asked),
    limit_price: isOrder || asked.tool === 'modify_order' ? asked.limitPrice : null,
    max_slippage_bps: isOrder || asked.tool === 'close_position' ? asked.maxSlippageBps : null,
    order_type: isOrder ? asked.orderType : asked.tool === 'close_position' ? 'market' : null,
    origin: 'agent',
    quantity: null,
    reduce_only: asked.tool === 'close_position' || (isOrder && asked.reduceOnly),
    request_id: null,
    requested_leverage: isOrder ? asked.requestedLeverage : null,
    requested_notional: isOrder || asked.tool === 'modify_order' ? asked.requestedNotional : null,
    side: isOrder ? asked.side : (target?.side ?? null),
    skill_sha256: null,
    strategy_id: isOrder ? STRATEGY : null,
    symbol: named ? (target?.symbol ?? null) : asked.symbol,
    timestamp_ms: nowMs,
    tool: asked.tool,
    valid_until_ms: null,
    venue: isOrder ? asked.venue : SERVED_VENUE,
  };
  return { kind: 'request', request, args, target };
}

function intentOf(asked: AgentRequest): Action {
  switch (asked.tool) {
    case 'place_order':
      return asked.intent;
    case 'close_position':
      return 'close';
    case 'modify_order':
      return 'modify';
    default:
      return 'cancel';
  }
}

const compiled = new WeakMap<IntendedPolicySpec, Map<string, CompiledPolicy>>();

/**
 * A policy for each of its agents, compiled once: nothing in it changes, and runs under it read the very same objects.
 */
export function compilePolicies(
  { spec, hash }: { readonly spec: IntendedPolicySpec; readonly hash: string },
  agents: readonly string[],
): ReadonlyMap<string, CompiledPolicy> {
  const known = compiled.get(spec) ?? new Map<string, CompiledPolicy>();
  compiled.set(spec, known);
  const compile = (name: string): CompiledPolicy => {
    const key = `${hash}/${name}`;
    const made = known.get(key) ?? compilePolicy(spec, hash, name);
    known.set(key, made);
    return made;
  };
  return new Map([GATE_AGENT, ...agents].map((name) => [name, compile(name)]));
}
