import type { LimitsBody } from '../contract/types/limits.ts';
import type {
  CandlesBody,
  DecisionFilter,
  FillsBody,
  MarketBody,
  OrderBody,
  OrderBookBody,
  Page,
  PositionBody,
} from '../contract/types/reads.ts';
import type { ToolName } from '../core/request.ts';
import type { LiveCore } from '../engine/flow/core.ts';
import { isTerminal, newestFirst, type OrderState } from '../engine/orders/orders.ts';
import type { Caller } from '../engine/records/callers.ts';
import type { DecisionEvent, ExplainedDecision, ToolAnswer } from '../engine/records/decisions.ts';
import { exposedSymbols } from '../engine/snapshot/exposure.ts';
import { KEEP_ENDED_ROWS_MS, orderOf } from '../engine/state/leave.ts';
import {
  describeFills,
  describeMarket,
  describeOrder,
  describePositions,
  parseCursor,
  tellExplained,
} from './bodies.ts';
import { describeExecution } from './execution.ts';
import { seesAll } from './holders.ts';
import { describeLimits } from './limits.ts';
import { describeCandles, describeOrderBook } from './market-data.ts';
import { recall } from './recall.ts';

/** The reads of callers. Decisions, and what was said in them, are of their agent and of operators. */
export class CallerReads {
  readonly #core: LiveCore;

  constructor(core: LiveCore) {
    this.#core = core;
  }

  mayRead(caller: Caller, tool: ToolName): boolean {
    return seesAll(caller) || this.#core.policyFor(caller.agent).tools.has(tool);
  }

  getSymbols(caller: Caller): readonly string[] {
    const exposed = seesAll(caller) ? exposedSymbols(this.#core.state) : [];
    return [...new Set([...this.#core.policySpec.scope.symbols, ...exposed])].sort();
  }

  getLimits(caller: Caller, symbol: string | null): LimitsBody {
    const policy = this.#core.policyFor(caller.agent);
    const symbols = symbol === null ? [...policy.symbols].sort() : [symbol];
    return {
      agent: caller.agent,
      at_ms: this.#core.nowMs(),
      policy_hash: this.#core.policyHash,
      symbols: symbols.map((name) => describeLimits(this.#core, caller, name)),
    };
  }

  getDecisions(
    caller: Caller,
    limit: number,
    cursor: string | null,
    { agent, symbol, outcome, since }: DecisionFilter,
  ): Page<ExplainedDecision> {
    const owner = caller.role === 'operator' ? agent : caller.agent;
    if (agent !== undefined && agent !== owner) return { items: [], next: null };
    const page = this.#core.ports.ledger.readDecisions({
      limit,
      ...(owner === undefined ? {} : { agent: owner }),
      ...(cursor === null ? {} : { cursor }),
    });
    const { ms: sinceMs } = since?.kind === 'ago' ? { ms: this.#core.nowMs() - since.ms } : (since ?? { ms: 0 });
    const recent = page.events.filter((event) => event.at_ms >= sinceMs);
    const wanted = recent
      .map((event) => event.payload as DecisionEvent)
      .filter(({ request }) => symbol === undefined || request.symbol === symbol)
      .filter(({ decision }) => outcome === undefined || decision.decision === outcome);
    return {
      items: wanted.map((event) => tellExplained(this.#core, event)),
      // Clocks may be set back: only a page that lies wholly before it is the last.
      next: recent.length === 0 ? null : page.next,
    };
  }

  getDecision(caller: Caller, decisionId: string): ToolAnswer | null {
    const { ports, state } = this.#core;
    const stored = ports.ledger.findDecision(decisionId);
    if (stored === null) return null;
    const event = stored.payload as DecisionEvent;
    if (caller.role !== 'operator' && event.agent !== caller.agent) return null;
    return {
      decision: tellExplained(this.#core, event),
      execution: describeExecution(this.#core, recall(state, ports.ledger, stored), event),
    };
  }

  getOrders(
    caller: Caller,
    filter: { readonly symbol?: string; readonly open?: boolean },
    limit: number,
    cursor: string | null,
  ): Page<OrderBody> {
    const offset = cursor === null ? 0 : parseCursor(cursor);
    const isWanted = (order: OrderState): boolean => {
      const { agent } = order;
      if (!seesAll(caller) && agent !== caller.agent) return false;
      if (filter.open !== undefined && filter.open === isTerminal(order)) return false;
      return filter.symbol === undefined || order.symbol === filter.symbol;
    };
    const inViews = [...this.#core.state.orders.all.values()].filter(isWanted);
    // One more says whether there is a next page.
    const left = filter.open === true ? [] : this.#findLeft(caller, filter.symbol, offset + limit + 1);
    const matching = [...inViews, ...left].sort(newestFirst);
    const items = matching.slice(offset, offset + limit).map((order) => describeOrder(this.#core, order));
    return { items, next: offset + limit < matching.length ? String(offset + limit) : null };
  }

  /** Of those that have left the views, at least so many that were planned last. */
  #findLeft(caller: Caller, symbol: string | undefined, count: number): readonly OrderState[] {
    const rows = this.#core.ports.ledger.readEndedOrders({
      ...(seesAll(caller) ? {} : { agent: caller.agent }),
      ...(symbol === undefined ? {} : { symbol }),
      endedAfterMs: this.#core.state.time.tMs - KEEP_ENDED_ROWS_MS,
      count,
    });
    return rows.map(orderOf);
  }

  getFills(caller: Caller, limit: number, cursor: string | null): FillsBody {
    return describeFills(this.#core, caller, limit, cursor);
  }

  getPositions(caller: Caller): {
    readonly positions: readonly PositionBody[];
    readonly observed_at_ms: number | null;
  } {
    const positions = describePositions(this.#core, caller).filter(
      (position) => seesAll(caller) || this.#core.policyFor(caller.agent).symbols.has(position.symbol),
    );
    return { positions, observed_at_ms: this.#core.market.account?.observedAtMs ?? null };
  }

  getMarket(caller: Caller, symbol: string | null): { readonly markets: readonly MarketBody[] } {
    const symbols = symbol === null ? [...this.#core.policySpec.scope.symbols].sort() : [symbol];
    return { markets: symbols.map((name) => describeMarket(this.#core, caller.agent, name)) };
  }

  getCandles(symbol: string, limit: number): CandlesBody {
    return describeCandles(this.#core, symbol, limit);
  }

  getOrderBook(symbol: string): OrderBookBody {
    return describeOrderBook(this.#core, symbol);
  }
}
