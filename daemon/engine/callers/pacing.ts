import { ceilTicks, lotsFor, lotsToQuantity, type RulesView, writtenLots } from '../../core/arithmetic/quantities.ts';
import type { ExecutionRequest, OrderType, Side } from '../../core/request.ts';
import { ByName, keepLast, RollingSum, TokenWindow } from '../kept/collections.ts';
import type { OrderBook, OrderState } from '../orders/orders.ts';
import type { DecisionEvent } from '../records/decisions.ts';
import type { StateEvent } from '../records/people-events.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** Pace of the account or of one agent: order tokens, turnover and fees of the last 24 hours. */
class Pace {
  readonly sends = new TokenWindow();
  readonly exits = new TokenWindow();
  readonly turnover = new RollingSum(DAY_MS, MINUTE_MS);
  readonly fees = new RollingSum(DAY_MS, MINUTE_MS);
}

/** A read-only pace. */
interface PaceReading {
  readonly sends: Pick<TokenWindow, 'count'>;
  readonly exits: Pick<TokenWindow, 'count'>;
  readonly turnover: Pick<RollingSum, 'sum'>;
  readonly fees: Pick<RollingSum, 'sum'>;
}

interface SymbolPace {
  /** `t` of the last permitted opening parent, from which the cooldown counts. */
  lastOpenParentAtMs: number | null;
  lastOpenFillAtMs: number | null;
  lastOpenFillSide: Side | null;
}

const NO_PACE: PaceReading = new Pace();
const NO_SYMBOL_PACE: Readonly<SymbolPace> = Object.freeze({
  lastOpenParentAtMs: null,
  lastOpenFillAtMs: null,
  lastOpenFillSide: null,
});

/** Executed parents of one (agent, symbol, side, quantity), for the repeated-execution breaker. */
interface Execution {
  readonly key: string;
  readonly tMs: number;
}
export interface BreakerState {
  trips: number;
  /** By `t`. */
  untilMs: number;
}

/** An opening of which something has filled. */
export interface ExecutedParent {
  readonly decisionId: string;
  readonly agent: string;
  readonly symbol: string;
  readonly side: Side;
  readonly quantityE8: number;
}

export class Pacing {
  readonly account = new Pace();
  private readonly agents = new ByName(() => new Pace());
  private readonly symbols = new ByName<SymbolPace>(() => ({ ...NO_SYMBOL_PACE }));
  private readonly executions: Execution[] = [];
  private readonly countedParents = new Set<string>();
  readonly breakers = new Map<string, BreakerState>();

  /** The breaker of an agent opens, or is cleared. */
  noteBreaker({ clears_at_ms, layer, name, scope, state }: StateEvent, atMs: number, tMs: number): void {
    if (layer !== 'breaker' || scope !== 'agent' || name === null) return;
    const { trips, untilMs: knownUntilMs } = this.breakers.get(name) ?? { trips: 0, untilMs: Number.NEGATIVE_INFINITY };
    // An operator cleared it: what was counted before no longer counts.
    const endsMs = clears_at_ms === null ? Number.MAX_SAFE_INTEGER : tMs + clears_at_ms - atMs;
    const untilMs = state === 'active' ? tMs : endsMs;
    // One that ends sooner than it would have is being cleared by an operator, on live after a delay: it is no trip.
    const isTrip = state !== 'active' && untilMs >= knownUntilMs;
    this.breakers.set(name, { trips: isTrip ? trips + 1 : trips, untilMs });
  }

  agent(name: string): Pace {
    return this.agents.of(name);
  }
  /** Order tokens of the account, and of an agent. */
  take(kind: 'sends' | 'exits', agent: string, tMs: number, tokens = 1): void {
    for (const pace of [this.account, this.agent(agent)]) pace[kind].add(tMs, tokens);
  }
  /** Turnover and fees of the account, and of an agent; also what puts them right. */
  noteTraded(agent: string | null, tMs: number, notionalUsdt: number, feesUsdt: number): void {
    for (const pace of agent === null ? [this.account] : [this.account, this.agent(agent)]) {
      pace.turnover.add(tMs, notionalUsdt);
      pace.fees.add(tMs, feesUsdt);
    }
  }

  /** For reads: a query about a symbol or agent leaves nothing behind. */
  readAgent(name: string): PaceReading {
    return this.agents.find(name) ?? NO_PACE;
  }
  readSymbol(name: string): Readonly<SymbolPace> {
    return this.symbols.find(name) ?? NO_SYMBOL_PACE;
  }

  symbol(name: string): SymbolPace {
    return this.symbols.of(name);
  }

  /** Counts a parent once, at its first fill. */
  noteExecution(parent: ExecutedParent, tMs: number): void {
    const { decisionId } = parent;
    if (this.countedParents.has(decisionId)) return;
    this.countedParents.add(decisionId);
    this.executions.push({ key: keyOf(parent), tMs });
    if (this.executions.length > 10_000) this.executions.splice(0, 5_000);
    if (this.countedParents.size > 20_000)
      for (const id of [...this.countedParents].slice(0, 10_000)) this.countedParents.delete(id);
  }

  /** Executed parents equal to this one in (now - window, now]. */
  countExecutions(
    parent: Omit<ExecutedParent, 'decisionId'>,
    nowMs: number,
    windowMs: number,
    sinceMs: number,
  ): number {
    const key = keyOf(parent);
    let count = 0;
    for (let i = this.executions.length - 1; i >= 0; i -= 1) {
      const execution = this.executions[i]!;
      if (execution.tMs <= nowMs - windowMs || execution.tMs < sinceMs) break;
      if (execution.key === key) count += 1;
    }
    return count;
  }
}

/** Null: nobody here asked for it. */
export function parentOf(orders: OrderBook, order: OrderState): ExecutedParent | null {
  const { agent, decisionId, side, symbol } = order;
  if (agent === null || decisionId === null) return null;
  const parts = orders.byDecision.get(decisionId) ?? [order];
  return { decisionId, agent, symbol, side, quantityE8: parts.reduce((sum, part) => sum + part.quantityE8, 0) };
}
function keyOf({ agent, quantityE8, side, symbol }: Omit<ExecutedParent, 'decisionId'>): string {
  return `${agent}\u0000${symbol}\u0000${side}\u0000${quantityE8}`;
}

/** Beyond the longest heartbeat of a policy (a day): an agent that is not known any more is silent. */
const KEEP_MS = 2 * 86_400_000;
/** What an agent asked for itself; the others follow from time and market. */
const CALLS: ReadonlySet<string> = new Set(['tool', 'dry_run', 'intercept']);

/** When, by `t`, each agent last made a call that is on record: its decisions, and `agent_seen` for calls that record nothing. */
export class SignsOfLife {
  /** By agent; each is set in place. */
  private readonly seenAt = new Map<string, number>();

  noteDecision({ request, decision }: DecisionEvent, tMs: number): void {
    if (request.origin === 'agent' && CALLS.has(decision.kind)) this.note(request.agent, tMs);
  }

  note(agent: string, tMs: number): void {
    this.seenAt.set(agent, tMs);
    for (const [silent, seenAtMs] of this.seenAt) if (tMs - seenAtMs > KEEP_MS) this.seenAt.delete(silent);
  }

  /** Null: not within two days before the newest sign of any agent. */
  lastMs(agent: string): number | null {
    return this.seenAt.get(agent) ?? null;
  }
}

/** What is remembered of a request id: the decision it got and the digest of its economic fields. */
interface KnownRequest {
  readonly decisionId: string;
  readonly bodyHash: string;
}
/** A permitted parent that a repeated prompt would repeat (rule 5). */
interface RecentParent {
  readonly decisionId: string;
  readonly symbol: string;
  readonly intent: string;
  readonly side: Side | null;
  readonly orderType: OrderType | null;
  readonly size: AskedFor;
  /** What a lot was worth then; null when it was not known. */
  readonly valued: Valuation | null;
  readonly tMs: number;
  /** Its orders have left the views, and it is proven that none of them filled anything. */
  readonly isUnfilled?: true;
}
/** As it was sent: USDT, or base asset. */
type AskedFor = Pick<ExecutionRequest, 'quantity' | 'requested_notional'>;
/** `untilMs`: from this `t` on the same intent is none. */
export interface Duplicate {
  readonly decisionId: string;
  readonly untilMs: number;
}
interface Valuation {
  readonly sizeTicks: number;
  readonly rules: RulesView;
}

const MAX_REQUESTS = 100_000;
function requestKey(agent: string, route: string, requestId: string): string {
  return `${agent}\u0000${route}\u0000${requestId}`;
}

/** RISK: of each agent so many: what others open must not make room for its second one. */
const MAX_OPENED = 1_000;

export class RequestMemory {
  private readonly known = new Map<string, KnownRequest>();
  /** By agent, oldest first. */
  private readonly recent = new ByName<RecentParent[]>(() => []);

  find(agent: string, route: string, requestId: string): KnownRequest | null {
    return this.known.get(requestKey(agent, route, requestId)) ?? null;
  }

  apply(event: DecisionEvent, tMs: number): void {
    const { decision, request } = event;
    if (decision.kind === 'tool' && decision.request_id !== null && event.body_hash !== null) {
      const key = requestKey(event.agent, event.route, decision.request_id);
      if (!this.known.has(key)) this.known.set(key, { decisionId: decision.decision_id, bodyHash: event.body_hash });
      // The oldest is dropped from memory only; the ledger still finds it.
      keepLast(this.known, MAX_REQUESTS);
    }
    const effective = decision.effective;
    if (decision.kind !== 'tool' || effective === null || effective.action !== 'open' || request.symbol === null)
      return;
    const own = this.recent.of(event.agent);
    own.push({
      decisionId: decision.decision_id,
      symbol: request.symbol,
      intent: request.intent,
      side: request.side,
      orderType: request.order_type,
      size: { quantity: request.quantity, requested_notional: request.requested_notional },
      valued: valuationOf(event),
      tMs,
    });
    if (own.length > MAX_OPENED) own.shift();
  }

  noteUnfilled(agent: string | null, decisionId: string): void {
    const own = this.recent.find(agent ?? '') ?? [];
    const at = own.findLastIndex((parent) => parent.decisionId === decisionId);
    if (at >= 0) own[at] = { ...own[at]!, isUnfilled: true };
  }

  /**
   * The latest equal permitted parent of the agent inside the window: the same lots, or the very same size in the same unit. One of
   * which nothing was filled, nor can be (`isUnfilled`), is none: what is requested again has not been had.
   */
  findDuplicate(
    ask: Omit<RecentParent, 'decisionId' | 'tMs' | 'isUnfilled' | 'valued'> & { readonly agent: string },
    tMs: number,
    windowMs: number,
    { isAnswered, isUnfilled }: { readonly [name in 'isAnswered' | 'isUnfilled']: (decisionId: string) => boolean },
  ): Duplicate | null {
    const own = this.recent.find(ask.agent) ?? [];
    for (let i = own.length - 1; i >= 0; i -= 1) {
      const parent = own[i]!;
      if (tMs - parent.tMs > windowMs) return null;
      const same =
        parent.symbol === ask.symbol &&
        parent.intent === ask.intent &&
        parent.side === ask.side &&
        parent.orderType === ask.orderType &&
        isSameSize(parent, ask.size);
      // Naming the latest one proves that the earlier answers were seen as well.
      if (!same) continue;
      if (isAnswered(parent.decisionId)) return null;
      // It hides no earlier one, which may have been filled.
      if (parent.isUnfilled !== true && !isUnfilled(parent.decisionId))
        return { decisionId: parent.decisionId, untilMs: parent.tMs + windowMs + 1 };
    }
    return null;
  }
}

/** The price at which the parent was made of lots: what was sent is told at it. */
function valuationOf({ context, decision: { effective } }: DecisionEvent): Valuation | null {
  const { rules } = context.market;
  if (rules === null || effective === null || effective.action === 'cancel' || effective.lots < 1) return null;
  const price = effective.notional / lotsToQuantity(effective.lots, rules);
  return { sizeTicks: Math.max(1, ceilTicks(price, rules)), rules };
}

/**
 * Both sizes in lots at the parent's price, whichever unit they were sent in: a mark that moved meanwhile, a cent more, or
 * the same in the other unit makes no other intent.
 */
function isSameSize(parent: RecentParent, size: AskedFor): boolean {
  const { quantity, requested_notional: notional } = parent.size;
  if (quantity === size.quantity && notional === size.requested_notional) return true;
  if (parent.valued === null) return false;
  const lots = lotsOf(parent.size, parent.valued);
  return lots !== null && lots === lotsOf(size, parent.valued);
}
function lotsOf({ quantity, requested_notional: usdt }: AskedFor, { sizeTicks, rules }: Valuation): number | null {
  if (quantity !== null) return writtenLots(quantity, rules);
  return usdt === null ? null : lotsFor(usdt, sizeTicks, rules);
}
