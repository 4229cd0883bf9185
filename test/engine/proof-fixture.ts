import assert from 'node:assert/strict';
import { GateCore } from '../../daemon/driver/driver.ts';
import type { GatePorts } from '../../daemon/driver/ports.ts';
import { stateInForce } from '../../daemon/engine/callers/layers.ts';
import type { Decided } from '../../daemon/engine/decide/decided.ts';
import { AccountFeed } from '../../daemon/engine/feeds/account-feed.ts';
import { ReadingMarks } from '../../daemon/engine/feeds/reading-marks.ts';
import type { StrangeOrder } from '../../daemon/engine/flow/core.ts';
import type { LedgerRecord } from '../../daemon/engine/flow/ports.ts';
import { NO_HOOKS } from '../../daemon/engine/flow/recording-core.ts';
import { nowKnown } from '../../daemon/engine/flow/step.ts';
import type { OrderState } from '../../daemon/engine/orders/orders.ts';
import type { GateEvent } from '../../daemon/engine/records/events.ts';
import type {
  AccountSnapshot,
  CancelOutcome,
  FetchOutcome,
  Listed,
  LookupOutcome,
  Rejection,
  SubmitOutcome,
  VenueOrder,
  VenueTrade,
  VenueTransfer,
} from '../../daemon/engine/records/venue.ts';
import { Canceler } from '../../daemon/engine/sending/cancels.ts';
import { LoneOpenings } from '../../daemon/engine/sending/lone-openings.ts';
import { OrderProof } from '../../daemon/engine/sending/order-proof.ts';
import { recoverOrders } from '../../daemon/engine/sending/recover-orders.ts';
import { Resolver } from '../../daemon/engine/sending/resolver.ts';
import { OrderSender } from '../../daemon/engine/sending/sender.ts';
import { basePolicy } from '../core/decision-fixture.ts';
import { BTC_RULES, type DecisionPlan, decisionEvent, LOT_E8, T0, TICK_E8 } from './fold-fixture.ts';
import { ManualTime } from './manual-time.ts';

/** As the real adapter has it: recvWindow and skew. */
export const HORIZON_MS = 6_000;
export const FAILED: LookupOutcome = { kind: 'failed', detail: 'no answer' };
export const NOT_FOUND: LookupOutcome = { kind: 'not_found' };
const UNREAD = { kind: 'failed', detail: 'no answer', cause: 'other', retryAfterMs: null } as const;

/** Quantities in lots, and prices in ticks. */
export type Shown = Partial<Omit<VenueOrder, 'quantityE8' | 'executedE8' | 'priceE8' | 'triggerE8'>> & {
  readonly lots?: number;
  readonly executedLots?: number;
  readonly priceTicks?: number | null;
  readonly triggerTicks?: number | null;
};
const priced = (ticks: number | null): number | null => (ticks === null ? null : ticks * TICK_E8);
/** An order as the venue shows it: ten lots at 60,000 that rest, changed. */
export function shown(clientOrderId: string, change: Shown = {}): VenueOrder {
  const { lots = 10, executedLots = 0, priceTicks = 600_000, triggerTicks = null, ...others } = change;
  return {
    kind: 'regular',
    symbol: 'BTCUSDT',
    clientOrderId,
    venueOrderId: '1',
    side: 'buy',
    type: 'LIMIT',
    quantityE8: lots * LOT_E8,
    executedE8: executedLots * LOT_E8,
    priceE8: priced(priceTicks),
    triggerE8: priced(triggerTicks),
    reduceOnly: false,
    closePosition: false,
    status: 'working',
    averagePrice: null,
    updatedAtMs: T0,
    ...others,
  };
}
export function found(clientOrderId: string, change: Shown = {}): LookupOutcome {
  return { kind: 'found', order: shown(clientOrderId, change) };
}
export function rejection(message = 'refused'): Rejection {
  return { cause: 'other', code: '-2019', message, retryAfterMs: null };
}

/** Answers of the venue; each may be a promise that the test ends. */
export interface Script {
  submit: () => Promise<SubmitOutcome> | SubmitOutcome;
  amend: () => Promise<SubmitOutcome> | SubmitOutcome;
  cancel: () => Promise<CancelOutcome> | CancelOutcome;
  lookup: () => Promise<LookupOutcome> | LookupOutcome;
  list: () => Promise<readonly VenueOrder[] | null> | readonly VenueOrder[] | null;
  trades: () => readonly VenueTrade[] | null;
  leverage: () => Promise<SubmitOutcome> | SubmitOutcome;
  account: () => AccountSnapshot | null;
  transfers: () => Promise<readonly VenueTransfer[] | null> | readonly VenueTransfer[] | null;
}
const nothing = (): void => undefined;
function listed<T>(rows: readonly T[] | null): Listed<T> | null {
  return rows === null ? null : { rows, unreadable: [] };
}

/** The parts that learn what became of orders, on a ledger in memory, a scripted venue and time that moves by hand. */
export class ProofWorld {
  readonly events: GateEvent[];
  readonly time = new ManualTime();
  /** What the lookout was told of. */
  readonly strange: StrangeOrder[] = [];
  /** What the domain clock reads beside what has passed. */
  skewMs = 0;
  scale = 1;
  lookups = 0;
  readonly script: Script = {
    submit: () => ({ kind: 'unknown', detail: 'timeout' }),
    amend: () => ({ kind: 'unknown', detail: 'timeout' }),
    cancel: () => ({ kind: 'unknown', detail: 'timeout' }),
    lookup: () => FAILED,
    list: () => [],
    trades: () => [],
    leverage: () => ({ kind: 'accepted', order: null }),
    account: () => null,
    transfers: () => [],
  };
  readonly #abort = new AbortController();
  readonly core: GateCore;
  readonly proof: OrderProof;
  readonly sender: OrderSender;
  readonly resolver: Resolver;
  readonly canceler: Canceler;
  readonly feed: AccountFeed;

  constructor(events: readonly GateEvent[] = [], startMs = T0) {
    this.events = [...events];
    const read = async <T>(value: T | null): Promise<FetchOutcome<T>> =>
      value === null ? UNREAD : { kind: 'ok', value };
    const { script, time } = this;
    const ports = {
      clock: { nowMs: () => startMs + time.monotonicMs() * this.scale + this.skewMs, scale: 1, isSynced: true },
      time,
      log: { info: nothing, warn: nothing, error: nothing },
      observer: { alerted: nothing, submitted: nothing },
      ledger: {
        isFailed: false,
        genesis: { genesis_id: '0123456789' },
        appendNow: (records: readonly LedgerRecord[]) => ({
          seqs: records.map((record) => this.#append(record)),
          committed: Promise.resolve(),
        }),
      },
      venue: {
        acceptanceHorizonMs: HORIZON_MS,
        submit: async () => script.submit(),
        amend: async () => script.amend(),
        cancel: async () => script.cancel(),
        lookupOrder: async () => {
          this.lookups += 1;
          return script.lookup();
        },
        lookupByVenueId: async () => FAILED,
        fetchOpenOrders: async () => read(listed(await script.list())),
        fetchTrades: async () => read(listed(script.trades())),
        fetchPlacedOrders: async () => read(listed([])),
        setLeverage: async () => script.leverage(),
        fetchAccount: async () => read(script.account()),
        fetchTransfers: async () => read(await script.transfers()),
      },
    } as unknown as GatePorts;
    const settings = {
      venue: 'paper',
      account: 'main',
      version: '0',
      answerWithinMs: 3_000,
      sendDeadlineMs: 500,
    } as const;
    const lookout = { ...NO_HOOKS.lookout, found: (strange: StrangeOrder) => this.strange.push(strange) };
    const hooks = { ...NO_HOOKS, lookout, isStopping: () => this.#abort.signal.aborted };
    this.core = new GateCore(ports, settings, { spec: basePolicy, hash: '0' }, { hooks });
    for (const event of events) this.core.state.apply(event);
    const consequences = {
      onAccepted: nothing,
      onRejection: nothing,
      onExecuted: nothing,
      onVanished: nothing,
      onReadFailure: nothing,
      onUnknown: (order: OrderState) => this.resolver.resolve(order),
    };
    this.proof = new OrderProof(this.core, nothing);
    this.sender = new OrderSender(
      this.core,
      this.proof,
      consequences,
      new LoneOpenings(this.core, () => nowKnown(true)),
    );
    this.resolver = new Resolver(this.core, this.proof, consequences);
    this.canceler = new Canceler(this.core, this.proof, consequences);
    this.feed = new AccountFeed(this.core, this.proof, consequences, new ReadingMarks(this.core));
    if (events.length === 0) this.core.append('rules', { rules: BTC_RULES });
  }

  #append(record: LedgerRecord): number {
    const seq = this.events.length + 1;
    // The core folds it; kept here is what a restart reads.
    this.events.push({
      kind: record.kind,
      seq,
      at_ms: record.at_ms,
      payload: structuredClone(record.payload),
    } as GateEvent);
    return seq;
  }

  decide(plan: Omit<DecisionPlan, 'atMs'>): Decided {
    const { payload } = decisionEvent({ ...plan, atMs: this.core.nowMs() });
    this.core.append('decision', payload);
    return { body: payload.decision, event: payload, decidedAtWallMs: this.time.monotonicMs() } as unknown as Decided;
  }
  /** A permitted order of ten lots, on its way, and its sending. */
  place(
    id: string,
    change: Partial<DecisionPlan['orders'][number]> = {},
  ): { order: OrderState; sent: Promise<SubmitOutcome> } {
    this.decide({ id: `d-${id}`, orders: [{ client_order_id: id, reduce_only: true, side: 'sell', ...change }] });
    const order = this.order(id);
    return { order, sent: this.core.run(this.sender.send(order)) };
  }
  order(id: string): OrderState {
    const order = this.core.state.orders.all.get(id);
    assert.ok(order !== undefined, `order ${id} is known`);
    return order;
  }

  /** Whether openings in the symbol are held up. */
  isReducing(): boolean {
    return stateInForce(this.core.state.layers, this.core.nowMs(), 'BTCUSDT', 'alice').state === 'reducing';
  }
  alerts(code: string): number {
    return this.events.filter((event) => event.kind === 'alert' && event.payload.code === code).length;
  }
  /** Every status of the order in the ledger, in their order. */
  statuses(id: string): readonly string[] {
    return this.events.flatMap((event) =>
      event.kind === 'order' && event.payload.client_order_id === id ? [event.payload.status] : [],
    );
  }
  /** The process dies; the next one is at it after `downMs`. */
  restart(downMs = 0): ProofWorld {
    const atMs = this.core.nowMs() + downMs;
    this.stop();
    const next = new ProofWorld(this.events, atMs);
    Object.assign(next.script, this.script);
    recoverOrders(next.core, next.proof, next.resolver);
    return next;
  }
  stop(): void {
    this.#abort.abort();
  }
}
