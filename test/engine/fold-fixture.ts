import { CORE_VERSION } from '../../daemon/core/core-version.ts';
import type { SizedAction } from '../../daemon/core/decision.ts';
import type { ExecutionRequest } from '../../daemon/core/request.ts';
import type { SymbolInputs } from '../../daemon/engine/readings/inputs.ts';
import type {
  DecisionBody,
  DecisionEvent,
  DecisionKind,
  ForeignOrder,
  OrderEvent,
  PlannedOrder,
} from '../../daemon/engine/records/decisions.ts';
import type { EndedOrderQuery, EndedOrderRow } from '../../daemon/engine/records/ended-order.ts';
import type { GateEvent } from '../../daemon/engine/records/events.ts';
import { lotE8, tickE8 } from '../../daemon/engine/records/units.ts';
import type { SymbolRules } from '../../daemon/engine/records/venue.ts';
import type { TradeEvent } from '../../daemon/engine/records/venue-events.ts';
import { GateState } from '../../daemon/engine/state/gate-state.ts';
import { toRows } from '../../daemon/engine/state/views.ts';
import { isAskedFor } from '../../daemon/ledger/chain/ended-orders.ts';
import { buildCase, decideCase } from '../core/decision-fixture.ts';

/** 2025-03-03 00:00 UTC. */
export const T0 = 1_740_960_000_000;
export const DAY = 86_400_000;

type Unnumbered = { [K in GateEvent['kind']]: Omit<Extract<GateEvent, { kind: K }>, 'seq'> }[GateEvent['kind']];

/** BTCUSDT: lots of 0.001, ticks of 0.1. */
export const BTC_RULES: SymbolRules = {
  symbol: 'BTCUSDT',
  trading: true,
  tickMantissa: 1,
  tickScale: 10,
  lotMantissa: 1,
  lotScale: 1000,
  minLots: 1,
  maxLots: 120_000,
  maxMarketLots: 120_000,
  minPriceTicks: 5_568,
  maxPriceTicks: 45_297_640,
  minNotionalUsdt: 50,
  multiplierUp: 1.05,
  multiplierDown: 0.95,
  takerFee: 0.0005,
  makerFee: 0.0002,
  brackets: [{ initialLeverage: 125, notionalFloor: 0, notionalCap: 1_000_000_000, maintenanceRate: 0.004, cum: 0 }],
  observedAtMs: T0,
};

/** A lot and a tick of BTCUSDT, in units of 1e-8. */
export const LOT_E8 = lotE8(BTC_RULES);
export const TICK_E8 = tickE8(BTC_RULES);
/** Lots of BTCUSDT in a quantity; what is no quantity stays. */
export function inLots<T extends number | null | undefined>(quantityE8: T): T {
  return (typeof quantityE8 === 'number' ? quantityE8 / LOT_E8 : quantityE8) as T;
}

/** Features of a calm symbol. */
export function calmFeatures(nowMs: number): SymbolInputs['features'] {
  return {
    bar_count: 3000,
    bar_ms: 900_000,
    bars_as_of_ms: nowMs - 1_000,
    history_count: 2880,
    jump_ratio: 0.5,
    liquidity: 100,
    liquidity_floor: 10,
    sigma: 0.01,
    sigma_baseline: 0.02,
  };
}

/** A limit order to buy BTCUSDT, as the open list shows it. */
export function asListed(lots: number, priceTicks: number): ForeignOrder {
  return {
    close_position: false,
    kind: 'regular',
    quantity_e8: lots * LOT_E8,
    order_type: 'LIMIT',
    price_e8: priceTicks * TICK_E8,
    reduce_only: false,
    side: 'buy',
    symbol: 'BTCUSDT',
    trigger_e8: null,
  };
}

/** A ledger in memory: the views folded from it, and the events as they were appended. */
export class FoldedLedger {
  readonly state = new GateState();
  readonly events: GateEvent[] = [];
  /** Of orders that have left the views. */
  readonly rows: EndedOrderRow[] = [];

  append(event: Unnumbered): GateEvent {
    const numbered = { ...event, seq: this.events.length + 1 } as GateEvent;
    this.events.push(numbered);
    this.rows.push(...this.state.apply(numbered).flatMap(toRows));
    return numbered;
  }
  findDecision(id: string): GateEvent | null {
    return this.events.find(({ kind, payload }) => kind === 'decision' && payload.decision.decision_id === id) ?? null;
  }
  readEndedOrders(query: EndedOrderQuery): readonly EndedOrderRow[] {
    return this.rows.filter((row) => isAskedFor(query, row));
  }
  *iterateEvents(query: { readonly fromSeq?: number; readonly kind?: string } = {}): Generator<GateEvent> {
    for (const event of this.events)
      if (event.seq >= (query.fromSeq ?? 1) && (query.kind === undefined || event.kind === query.kind)) yield event;
  }
  /** What a restart makes of it. */
  refold(): GateState {
    const state = new GateState();
    for (const event of this.events) state.apply(event);
    return state;
  }
}

/** Fixtures say quantities in lots, and prices in ticks, of BTCUSDT. */
interface InSteps {
  readonly lots?: number;
  readonly executed_lots?: number;
  readonly price_ticks?: number | null;
  readonly trigger_ticks?: number | null;
}
type Units = 'quantity_e8' | 'executed_e8' | 'price_e8' | 'trigger_e8';
export type Said<T> = Partial<Omit<T, Units>> & InSteps;
/** The members of a record that are said in steps. */
export function inUnits<T extends InSteps>({ lots, executed_lots, price_ticks, trigger_ticks, ...others }: T) {
  const priced = (ticks: number | null): number | null => (ticks === null ? null : ticks * TICK_E8);
  return {
    ...others,
    ...(lots === undefined ? {} : { quantity_e8: lots * LOT_E8 }),
    ...(executed_lots === undefined ? {} : { executed_e8: executed_lots * LOT_E8 }),
    ...(price_ticks === undefined ? {} : { price_e8: priced(price_ticks) }),
    ...(trigger_ticks === undefined ? {} : { trigger_e8: priced(trigger_ticks) }),
  };
}

export interface DecisionPlan {
  readonly id: string;
  readonly atMs: number;
  readonly kind?: DecisionKind;
  readonly agent?: string;
  readonly parent?: string;
  readonly request?: Partial<ExecutionRequest>;
  readonly effective?: Partial<SizedAction>;
  readonly orders: readonly (Said<PlannedOrder> & Pick<PlannedOrder, 'client_order_id'>)[];
}
/** A permitted decision with the orders that follow from it. */
export function decisionEvent(plan: DecisionPlan): Extract<Unnumbered, { kind: 'decision' }> {
  const agent = plan.agent ?? 'alice';
  const drawn = buildCase({ request: { agent } });
  const decided = decideCase(drawn);
  if (decided.effective === null || decided.effective.action === 'cancel')
    throw new Error('the fixture is no longer allowed');
  const body: DecisionBody = {
    ...decided,
    effective: { ...decided.effective, ...plan.effective },
    agent,
    at_ms: plan.atMs,
    binding: true,
    context_hash: '0',
    core_version: CORE_VERSION,
    decision_id: plan.id,
    kind: plan.kind ?? 'tool',
    policy_hash: '0',
    request_id: null,
    seq: 1,
    symbol: 'BTCUSDT',
    tool: 'place_order',
  };
  const payload: DecisionEvent = {
    agent,
    body_hash: null,
    context: drawn.context,
    decision: body,
    market_seq: 0,
    orders: plan.orders.map((order, slice) => ({
      delay_ms: 0,
      kind: 'regular',
      leverage: 1,
      quantity_e8: 10 * LOT_E8,
      order_type: 'limit',
      price_e8: 600_000 * TICK_E8,
      protective: false,
      reduce_only: false,
      side: 'buy',
      slice,
      symbol: 'BTCUSDT',
      time_in_force: 'GTC',
      trigger_e8: null,
      ...inUnits(order),
    })),
    parent_decision_id: plan.parent ?? null,
    request: { ...drawn.request, agent, request_id: null, ...plan.request },
    route: 'place_order',
    state_seq: 0,
    texts: {},
  };
  return { kind: 'decision', at_ms: plan.atMs, payload };
}

export function orderEvent(id: string, atMs: number, change: Said<OrderEvent>): Extract<Unnumbered, { kind: 'order' }> {
  return {
    kind: 'order',
    at_ms: atMs,
    payload: {
      average_price: null,
      client_order_id: id,
      detail: null,
      executed_e8: 0,
      foreign: null,
      retryable: false,
      status: 'working',
      venue_at_ms: atMs,
      venue_order_id: `v-${id}`,
      ...inUnits(change),
    },
  };
}

export function tradeEvent(
  tradeId: string,
  orderId: string | null,
  atMs: number,
  change: Said<TradeEvent> = {},
): Extract<Unnumbered, { kind: 'trade' }> {
  return {
    kind: 'trade',
    at_ms: atMs,
    payload: {
      at_venue_ms: atMs,
      client_order_id: orderId,
      fee_usdt: 0.3,
      is_maker: false,
      quantity_e8: 10 * LOT_E8,
      price: 60_000,
      realised_pnl_usdt: 0,
      side: 'buy',
      symbol: 'BTCUSDT',
      trade_id: tradeId,
      ...inUnits(change),
    },
  };
}
