import type { LimitsBody } from '../contract/types/limits.ts';
import type { DecisionFilter, MarketBody, OrderBody, Page, PositionBody } from '../contract/types/reads.ts';
import type { ToolName } from '../core/request.ts';
import type { LiveCore } from '../engine/flow/core.ts';
import { isTerminal, newestFirst, type OrderState } from '../engine/orders/orders.ts';
import type { Caller } from '../engine/records/callers.ts';
import type { DecisionEvent, ExplainedDecision, ToolAnswer } from '../engine/records/decisions.ts';
import { exposedSymbols } from '../engine/snapshot/exposure.ts';
import { KEEP_ENDED_ROWS_MS, orderOf } from '../engine/state/views.ts';
import { describeMarket, describeOrder, describePositions, parseCursor, tellExplained } from './bodies.ts';
import { describeExecution } from './execution.ts';
import { seesAll } from './holders.ts';
import { describeLimits } from './limits.ts';
import { recall } from './recall.ts';

/** The reads of callers. Decisions, and what was said in them, are of their agent and of operators. */

/** A page of a list. */
interface Asked {
  readonly limit: number;
  readonly cursor: string | null;
}

export function mayRead(core: LiveCore, caller: Caller, tool: ToolName): boolean {
  return seesAll(caller) || core.policyFor(caller.agent).tools.has(tool);
}

export function getSymbols(core: LiveCore, caller: Caller): readonly string[] {
  const exposed = seesAll(caller) ? exposedSymbols(core.state) : [];
  return [...new Set([...core.policySpec.scope.symbols, ...exposed])].sort();
}

export function getLimits(core: LiveCore, caller: Caller, symbol: string | null): LimitsBody {
  const policy = core.policyFor(caller.agent);
  const symbols = symbol === null ? [...policy.symbols].sort() : [symbol];
  return {
    agent: caller.agent,
    at_ms: core.nowMs(),
    policy_hash: core.policyHash,
    symbols: symbols.map((name) => describeLimits(core, caller, name)),
  };
}

export function getDecisions(
  core: LiveCore,
  caller: Caller,
  { cursor, limit }: Asked,
  { agent, symbol, outcome, since }: DecisionFilter,
): Page<ExplainedDecision> {
  const owner = caller.role === 'operator' ? agent : caller.agent;
  if (agent !== undefined && agent !== owner) return { items: [], next: null };
  const page = core.ports.ledger.readDecisions({
    limit,
    ...(owner === undefined ? {} : { agent: owner }),
    ...(cursor === null ? {} : { cursor }),
  });
  const { ms: sinceMs } = since?.kind === 'ago' ? { ms: core.nowMs() - since.ms } : (since ?? { ms: 0 });
  const recent = page.events.filter((event) => event.at_ms >= sinceMs);
  const wanted = recent
    .map((event) => event.payload as DecisionEvent)
    .filter(({ request }) => symbol === undefined || request.symbol === symbol)
    .filter(({ decision }) => outcome === undefined || decision.decision === outcome);
  return {
    items: wanted.map((event) => tellExplained(core, event)),
    // Clocks may be set back: only a page that lies wholly before it is the last.
    next: recent.length === 0 ? null : page.next,
  };
}

export function getDecision(core: LiveCore, caller: Caller, decisionId: string): ToolAnswer | null {
  const { ports, state } = core;
  const stored = ports.ledger.findDecision(decisionId);
  if (stored === null) return null;
  const event = stored.payload as DecisionEvent;
  if (caller.role !== 'operator' && event.agent !== caller.agent) return null;
  return {
    decision: tellExplained(core, event),
    execution: describeExecution(core, recall(state, ports.ledger, stored), event),
  };
}

export function getOrders(
  core: LiveCore,
  caller: Caller,
  { cursor, limit }: Asked,
  filter: { readonly symbol?: string; readonly open?: boolean },
): Page<OrderBody> {
  const offset = cursor === null ? 0 : parseCursor(cursor);
  const isWanted = (order: OrderState): boolean => {
    const { agent } = order;
    if (!seesAll(caller) && agent !== caller.agent) return false;
    if (filter.open !== undefined && filter.open === isTerminal(order)) return false;
    return filter.symbol === undefined || order.symbol === filter.symbol;
  };
  const inViews = [...core.state.orders.all.values()].filter(isWanted);
  // One more says whether there is a next page.
  const left = filter.open === true ? [] : findLeft(core, caller, filter.symbol, offset + limit + 1);
  const matching = [...inViews, ...left].sort(newestFirst);
  const items = matching.slice(offset, offset + limit).map((order) => describeOrder(core, order));
  return { items, next: offset + limit < matching.length ? String(offset + limit) : null };
}

/** Of those that have left the views, at least so many that were planned last. */
function findLeft(core: LiveCore, caller: Caller, symbol: string | undefined, count: number): readonly OrderState[] {
  const rows = core.ports.ledger.readEndedOrders({
    ...(seesAll(caller) ? {} : { agent: caller.agent }),
    ...(symbol === undefined ? {} : { symbol }),
    endedAfterMs: core.state.time.tMs - KEEP_ENDED_ROWS_MS,
    count,
  });
  return rows.map(orderOf);
}

export function getPositions(
  core: LiveCore,
  caller: Caller,
): {
  readonly positions: readonly PositionBody[];
  readonly observed_at_ms: number | null;
} {
  // RISK: what it holds it may close, also where it opens no more: told that it is flat, it would not.
  const positions = describePositions(core, caller).filter(
    ({ held, symbol }) => seesAll(caller) || held === 'yours' || core.policyFor(caller.agent).symbols.has(symbol),
  );
  return { positions, observed_at_ms: core.market.account?.observedAtMs ?? null };
}

export function getMarket(
  core: LiveCore,
  caller: Caller,
  symbol: string | null,
): { readonly markets: readonly MarketBody[] } {
  const symbols = symbol === null ? [...core.policySpec.scope.symbols].sort() : [symbol];
  return { markets: symbols.map((name) => describeMarket(core, caller.agent, name)) };
}
