import type { TemporalSection } from '../../core/policy.ts';
import { ACCOUNT_BREAKER, layerEvent, layerKey } from '../callers/layers.ts';
import { parentOf } from '../callers/pacing.ts';
import type { OrderState } from '../orders/orders.ts';
import type { StateEvent } from '../records/people-events.ts';
import type { Rejection } from '../records/venue.ts';
import type { GateViews } from '../state/views.ts';
import { isOfAccount, rowOf } from '../tables/cause.ts';

/** Trips beyond which the cooldown no longer doubles. */
const MAX_DOUBLINGS = 20;

/** How long an agent's breaker stays open after this many earlier trips. */
function breakerMs(cooldownMs: number, trips: number): number {
  return cooldownMs * 2 ** Math.min(trips, MAX_DOUBLINGS);
}

/**
 * The repeated-execution breaker: the layer to set when the parent of a fill, equal in agent, symbol,
 * side and lots, has been executed `repeats` times within the window; null: nothing to set. Its cooldown doubles with
 * every trip of the agent.
 */
export function findRepeatedExecution(
  state: GateViews,
  order: OrderState,
  breaker: TemporalSection['breaker'],
  nowMs: number,
): StateEvent | null {
  const parent = order.reduceOnly ? null : parentOf(state.orders, order);
  if (parent === null) return null;
  const { repeats, window_ms: windowMs, cooldown_ms: cooldownMs } = breaker;
  const { pacing, time } = state;
  const tMs = time.atNow(nowMs);
  const known = pacing.breakers.get(parent.agent);
  if (known !== undefined && known.untilMs > tMs) return null;
  const count = pacing.countExecutions(parent, tMs, windowMs, known?.untilMs ?? 0);
  if (count < repeats) return null;
  const reason = `the same ${order.side} of ${order.symbol} was executed ${count} times within ${windowMs} ms`;
  return breakerOf(parent.agent, nowMs + breakerMs(cooldownMs, known?.trips ?? 0), reason);
}

function breakerOf(agent: string, untilMs: number, reason: string): StateEvent {
  const place = { layer: 'breaker', scope: 'agent', name: agent } as const;
  const event = layerEvent(place, reason, 'daemon', 'its cooldown is over, or an operator clears it');
  return { ...event, clears_at_ms: untilMs };
}

/** How many consecutive equal refusals stop an agent. */
export const EQUAL_REFUSALS = 5;
/** How many agents must be stopped for the same answer before it counts as the account's problem. */
const AGENTS_FOR_ACCOUNT = 2;

/** What exceeded the limit: one agent's request, or anything that the account sends. */
type Loop = 'agent' | 'account' | null;

interface Row {
  readonly key: string;
  readonly count: number;
}

/**
 * Consecutive refusals with equal request and answer, by agent: one agent's repeated request must not close
 * the account for the others. It counts for the account if the answer concerns us as a whole (a clock, a ban), or if
 * several agents get the same one. Any order that the venue accepts resets all counts.
 */
export class RefusalLoops {
  readonly #byAgent = new Map<string, Row>();
  /** Agents stopped because of an answer, by that answer. */
  readonly #stopped = new Map<string, Set<string>>();
  #account: Row = { key: '', count: 0 };

  onAccepted(): void {
    this.#byAgent.clear();
    this.#stopped.clear();
    this.#account = { key: '', count: 0 };
  }

  onRefusal(order: OrderState, rejection: Rejection): Loop {
    const { cause, code } = rejection;
    const answer = `${cause} ${code}`;
    if (isOfAccount(cause)) {
      this.#account = next(this.#account, answer);
      if (this.#account.count < EQUAL_REFUSALS) return null;
      this.#account = { key: '', count: 0 };
      return 'account';
    }
    const { agent } = order;
    if (agent === null) return null;
    const row = next(this.#byAgent.get(agent), `${describeRequest(order)} ${answer}`);
    this.#byAgent.set(agent, row);
    if (row.count < EQUAL_REFUSALS) return null;
    this.#byAgent.delete(agent);
    const stopped = this.#stopped.get(answer) ?? new Set();
    this.#stopped.set(answer, stopped.add(agent));
    return stopped.size >= AGENTS_FOR_ACCOUNT ? 'account' : 'agent';
  }
}

/** Of the policy in force, at an instant. */
export interface BreakerTerms {
  readonly breaker: TemporalSection['breaker'];
  readonly nowMs: number;
}
/**
 * The agent's breaker opens for a refusal too many: its loop is its own, and the others go on (DESIGN "Temporal"). Null: it
 * is open for at least as long already.
 */
function findAgentBreaker(
  { pacing, time }: GateViews,
  agent: string,
  rejection: Rejection,
  { breaker, nowMs }: BreakerTerms,
): StateEvent | null {
  const known = pacing.breakers.get(agent);
  const untilMs = nowMs + breakerMs(breaker.cooldown_ms, known?.trips ?? 0);
  if (known !== undefined && known.untilMs >= time.atNow(untilMs)) return null;
  const reason = `the venue refused the same request ${EQUAL_REFUSALS} times in a row ${describeAnswer(rejection)}`;
  return breakerOf(agent, untilMs, reason);
}

/**
 * An account-wide breaker; one set by a graver cause is not replaced by one that clears itself. A new grave cause
 * replaces one that an operator has cleared already and that only waits for its delay. Null: nothing to set.
 */
export function findAccountBreaker(
  { layers }: GateViews,
  reason: string,
  clearsWhen: string,
  setBy: 'venue' | null,
): StateEvent | null {
  const entry = layers.get(layerKey(ACCOUNT_BREAKER));
  if (entry !== undefined && (setBy === 'venue' || (entry.setBy !== 'venue' && entry.clearsAtMs === null))) return null;
  return layerEvent(ACCOUNT_BREAKER, reason, setBy ?? 'daemon', clearsWhen);
}

/** What a refusal too many sets; null: it was none, or nothing is to be set. */
export function findLoopBreaker(
  state: GateViews,
  loop: Loop,
  { order, rejection }: { readonly order: OrderState; readonly rejection: Rejection },
  terms: BreakerTerms,
): StateEvent | null {
  if (loop === 'account')
    return findAccountBreaker(
      state,
      `the venue refused ${EQUAL_REFUSALS} orders in a row ${describeAnswer(rejection)}`,
      'an operator clears it',
      null,
    );
  if (loop !== 'agent' || order.agent === null) return null;
  return findAgentBreaker(state, order.agent, rejection, terms);
}

function describeAnswer({ code, message }: Rejection): string {
  return `with ${code}: ${message}`;
}

/** Whether a refusal counts: exits go on whatever is refused, and what we held back ourselves the venue never saw. */
export function isCountedRefusal({ cause }: Rejection, order: OrderState): boolean {
  return rowOf(cause).ours !== true && !order.reduceOnly;
}

function next(row: Row | undefined, key: string): Row {
  return { key, count: row?.key === key ? row.count + 1 : 1 };
}

/** The request without its price, which follows the market: with a different price it is still the same request. */
function describeRequest({ amend, quantityE8, side, symbol }: OrderState): string {
  return `${symbol} ${side} ${amend === null ? quantityE8 : `${quantityE8} to ${amend.quantityE8}`}`;
}
