import { applyStateEvent, stateInForce } from '../callers/layers.ts';
import { applyOrderIntent, isOfOldAmend } from '../orders/evidence.ts';
import { freeIfFlat, giveTo, releaseFrom } from '../orders/holding.ts';
import { liveOrders } from '../orders/orders.ts';
import { noteLostLeverage, setLeverage } from '../positions/positions.ts';
import type { DecisionEvent } from '../records/decisions.ts';
import type { GateEvent, GateEvents } from '../records/events.ts';
import type { StateEvent } from '../records/people-events.ts';
import { type LotRules, lotE8, rulesOf, type TickRules, tickE8, toE8 } from '../records/units.ts';
import type { AccountEvent, PositionRecord } from '../records/venue-events.ts';
import { applyAccount, readFromMs } from './apply-account.ts';
import { applyDecision, applyOrder } from './apply-orders.ts';
import { applyTrade } from './apply-trade.ts';
import { type EndedDecision, GateViews, takeEnded } from './views.ts';

/** An entry of the ledger. */
export interface Entry<Payload> {
  readonly seq: number;
  readonly at_ms: number;
  readonly payload: Payload;
}
type Fold<Payload> = (views: GateViews, entry: Entry<Payload>) => void;

const NONE: readonly EndedDecision[] = [];

/**
 * Every view of the gate, folded from ledger events and from nothing else. `apply`, with the table of {@link FOLD}, is
 * the only writer; it runs in the same event-loop turn as the append, so a decision, its reservation and the next
 * snapshot can never interleave.
 */
export class GateState extends GateViews {
  /** Returns what has left the views by the time of the event. */
  apply(event: GateEvent): readonly EndedDecision[] {
    const fold = FOLD[event.kind] as Fold<GateEvent['payload']> | null | undefined;
    if (fold === null) return NONE;
    // Account-side events move `state_seq`, market inputs move `market_seq`.
    if (event.kind === 'market' || event.kind === 'rules') this.marketSeq = event.seq;
    else this.stateSeq = event.seq;
    // Before anything is forgotten by its instant.
    const { aheadMs } = this.time;
    this.time.note(event);
    if (event.kind === 'state') noteClock(this, event.payload, event.at_ms, this.time.aheadMs - aheadMs);
    this.lastEventAtMs = event.at_ms;
    this.latestEventAtMs = Math.max(this.latestEventAtMs, event.at_ms);
    const ended = takeEnded(this, this.time.tMs);
    this.approvals.dropOld(event.at_ms);
    // A kind of a later version has no row.
    fold?.(this, upcast(this, event));
    return ended;
  }
}

/** How each kind of record changes the views. Null: no decision may see one, since it is recorded past the gate. */
export const FOLD: { readonly [Kind in keyof GateEvents]: Fold<GateEvents[Kind]> | null } = {
  decision: (views, { at_ms, payload, seq }) => {
    const { tMs } = views.time;
    views.requestRecords.noteDecision(payload, views, tMs);
    views.approvals.noteDecision(payload, at_ms, tMs);
    views.lives.noteDecision(payload, tMs);
    views.accounts.noteDecision(payload, at_ms);
    applyDecision(views, payload);
    views.claims.applyDecision(payload, (id) => views.orders.all.get(id), {
      at: { seq, atMs: tMs },
      isHalted: (symbol, agent) => stateInForce(views.layers, tMs, symbol, agent).state === 'halted',
    });
  },
  order: (views, { payload }) => {
    applyOrder(views, payload);
    freeOf(views, payload.client_order_id);
  },
  order_intent: (views, { payload, seq }) => {
    const order = views.orders.all.get(payload.client_order_id);
    if (order !== undefined && !isOfOldAmend(order, payload)) {
      applyOrderIntent(order, payload, views.time);
      views.claims.noteIntent(order, payload, seq);
      // What was read before the amend was proven does not contain it.
      if (payload.action === 'amended') order.updatedAtMs = Math.max(order.updatedAtMs, views.time.tMs);
      views.changes.settle(order, payload);
    }
    freeOf(views, payload.client_order_id);
  },
  exit_target: (views, { payload, seq }) =>
    views.claims.apply(payload, (id) => views.orders.all.get(id), { seq, atMs: views.time.tMs }),
  holder: (views, { at_ms: atMs, payload, seq }) => {
    const position = views.position(payload.symbol);
    if (payload.action === 'released') releaseFrom(position, payload.for_ms);
    else {
      giveTo(position, { owner: payload.agent, atMs: views.time.tMs, seq });
      views.accounts.noteHolder(payload.symbol, { owner: payload.agent, atMs, seq });
    }
    freeFlat(views, payload.symbol);
  },
  trade: (views, { payload }) => applyTrade(views, payload),
  account: (views, { payload }) => {
    views.accounts.applyAccount(payload);
    applyAccount(views, payload);
    for (const symbol of views.positions.keys()) freeFlat(views, symbol);
  },
  income: (views, { payload }) => views.accounts.applyIncome(payload, (symbol, id) => views.seenTrades.has(symbol, id)),
  market: (views, { payload }) => void views.markets.set(payload.symbol, payload),
  rules: (views, { payload }) => void views.rules.set(payload.rules.symbol, payload.rules),
  state: (views, { at_ms, payload }) => {
    const { tMs } = views.time;
    applyStateEvent(views.layers, payload, at_ms, tMs);
    views.approvals.noteState(payload, at_ms);
    views.pacing.noteBreaker(payload, at_ms, tMs);
  },
  signal: (views, { at_ms, payload }) => {
    views.signals.apply(payload, at_ms, views.time.tMs);
    views.requestRecords.noteSignal(payload, views.time.tMs);
  },
  leverage: (views, { payload: { confirmed_at_ms: confirmedAtMs, leverage, lost, symbol } }) => {
    const position = views.position(symbol);
    if (lost === true) noteLostLeverage(position, leverage, views.time.tMs);
    else setLeverage(position, leverage, confirmedAtMs === undefined ? null : views.time.of(confirmedAtMs));
  },
  countdown: (views, { payload }) => views.countdowns.apply(payload),
  // Of a reading that was shown, and perhaps not recorded.
  rebase: ({ account, equity, time }, { payload }) => {
    const readFrom = readFromMs(account);
    equity.rebase(time.tMs, payload.equity_usdt, readFrom === undefined ? undefined : time.of(readFrom));
  },
  transfer: (views, { payload }) => {
    if (!views.seenTransfers.add('', payload.transfer_id, payload.at_venue_ms)) return;
    views.equity.addTransfer(payload.amount_usdt, views.time.of(payload.at_venue_ms), views.time.tMs);
  },
  policy: (views, { at_ms, payload }) => {
    if (payload.action === 'in_force') views.policy = payload;
    views.approvals.notePolicy(payload, at_ms);
  },
  approval: (views, { at_ms, payload }) => views.approvals.apply(payload, at_ms),
  arming: (views, { payload }) => {
    views.arming = payload;
    views.armingSigners.clear();
  },
  arming_signed: (views, { payload }) => void views.armingSigners.set(payload.passkey_id, payload.set_by),
  agent_seen: (views, { payload }) => views.lives.note(payload.agent, views.time.tMs),
  alert: (views, { at_ms, payload, seq }) => {
    views.alerts.add({ ...payload, seq, atMs: at_ms, acknowledged: null });
    views.outbox.addAlert(payload, seq, at_ms);
  },
  alert_ack: (views, { at_ms, payload }) => views.alerts.acknowledge(payload, at_ms),
  alert_routes: (views, { payload }) => views.outbox.applyRoutes(payload),
  alert_message: (views, { at_ms, payload }) => views.outbox.applyMessage(payload, at_ms),
  passkey: (views, { at_ms, payload }) => {
    views.passkeys.apply(payload, at_ms, views.time.tMs);
    views.approvals.notePasskey(payload);
    // What a key signed counts as long as the key does.
    for (const id of views.armingSigners.keys()) if (views.passkeys.find(id) === null) views.armingSigners.delete(id);
  },
  recovery: (views, { at_ms, payload, seq }) => {
    views.recovery = payload;
    views.recoveredMs = views.time.tMs;
    // RISK: a token of a known name is another's, in an account that went on without this ledger.
    for (const position of views.positions.values()) giveTo(position, { owner: null, atMs: views.time.tMs, seq });
    views.accounts.disown(at_ms, seq);
    if (payload.take_over) views.takenOverUntilMs = payload.at_venue_ms;
    for (const symbol of views.rules.keys()) views.countdowns.assume(symbol);
  },
  rejected_input: (views, { payload }) => views.requestRecords.noteRejected(payload, views.time.tMs),
  request_sum: (views, { payload }) => {
    views.requestRecords.noteSum(payload);
    views.accounts.noteSum(payload);
  },
  text_erased: () => undefined,
  token_act: () => undefined,
  archived: null,
  checkpoint: null,
  head: null,
  key: null,
  token: null,
};

/** A symbol whose position is flat, and where nothing of its holder can fill, is free. */
function freeFlat({ orders, positions, time }: GateViews, symbol: string): void {
  const position = positions.get(symbol);
  if (position !== undefined) freeIfFlat(position, liveOrders(orders, symbol), time.tMs);
}
function freeOf(views: GateViews, clientOrderId: string): void {
  freeFlat(views, views.orders.all.get(clientOrderId)?.symbol ?? '');
}

type Moved = Pick<StateEvent, 'clock_agrees' | 'clock_ahead_ms' | 'clock_set_back' | 'host_offset_ms'>;

/** Left over where a clock came back from where it had gone: what its synchronisation is off by. */
const NOTHING_MS = 1_000;

/**
 * What the record of a clock that moved does to the views, beside the time that has passed.
 *
 * @param wentMs by how much venue time went further ahead of that with this record
 */
export function noteClock(state: GateViews, event: Moved, atMs: number, wentMs: number): void {
  const aheadMs = event.clock_ahead_ms === undefined ? 0 : wentMs;
  if (event.clock_set_back === true) {
    state.latestEventAtMs = atMs;
    setBack(state, atMs);
  }
  const leftMs = state.clockAheadMs + aheadMs;
  state.clockAheadMs = event.clock_agrees === true || leftMs <= NOTHING_MS ? 0 : leftMs;
  // While the clock is ahead, what it is compared with is how both were before.
  if (state.clockAheadMs === 0 && event.host_offset_ms !== undefined) state.hostOffsetMs = event.host_offset_ms;
}

/**
 * The clock was set back to `nowMs`: what lies after it has happened by now. RISK: left in the future, days of accounts
 * would leave what is lost meanwhile out of today, and no alert would go out until time has caught up.
 */
function setBack(state: GateViews, nowMs: number): void {
  state.accounts.setBack(nowMs);
  state.outbox.setBack(nowMs);
}

type Steps = LotRules & TickRules;

/** Of an order in a symbol without rules on record: whole units, so that exposure counts as the larger. */
const UNKNOWN: Steps = { lotMantissa: 1, lotScale: 1, tickMantissa: 1, tickScale: 1 };
/** Old members, their present names, and the steps that they were counted in. */
const PRESENT = new Map<string, readonly [name: string, steps: (steps: Steps) => number]>([
  ['lots', ['quantity_e8', lotE8]],
  ['executed_lots', ['executed_e8', lotE8]],
  ['filled_lots', ['filled_e8', lotE8]],
  ['price_ticks', ['price_e8', tickE8]],
  ['trigger_ticks', ['trigger_e8', tickE8]],
]);

/**
 * Records of before fixed units held lots and ticks of the steps that were on record then (DESIGN 12.4). Each is turned
 * into its present form, in front of the fold, by those steps: a decision by the rules of its own context, every other
 * one by the last rules record. What a symbol's steps were when the record was made, they stay.
 * The event itself, where it holds no steps.
 */
export function upcast(state: Pick<GateViews, 'claims' | 'orders' | 'rules'>, event: GateEvent): GateEvent {
  const stepsOf = (symbol: string | undefined): Steps => state.rules.get(symbol ?? '') ?? UNKNOWN;
  const symbolOf = (id: string): string | undefined => state.orders.all.get(id)?.symbol;
  switch (event.kind) {
    case 'decision': {
      const [first] = event.payload.orders;
      return first === undefined || !('lots' in first)
        ? event
        : { ...event, payload: upcastDecision(event.payload, stepsOf) };
    }
    case 'order': {
      if (!('executed_lots' in event.payload)) return event;
      const { client_order_id: id, foreign } = event.payload;
      const steps = stepsOf(foreign?.symbol ?? symbolOf(id));
      const payload = renamed(event.payload, steps) as GateEvents['order'];
      return {
        ...event,
        payload: { ...payload, foreign: foreign === null ? null : (renamed(foreign, steps) as never) },
      };
    }
    case 'order_intent':
      return 'lots' in event.payload ? withSteps(event, stepsOf(symbolOf(event.payload.client_order_id))) : event;
    case 'exit_target': {
      if (!('lots' in event.payload || 'filled_lots' in event.payload)) return event;
      const { payload } = event;
      const symbol = payload.action === 'opened' ? payload.symbol : state.claims.find(payload.decision_id)?.symbol;
      return withSteps(event, stepsOf(symbol));
    }
    case 'holder':
    case 'trade':
      return 'lots' in event.payload ? withSteps(event, stepsOf(event.payload.symbol)) : event;
    case 'account': {
      const [first] = event.payload.positions;
      return first === undefined || !('lots' in first)
        ? event
        : { ...event, payload: upcastAccount(event.payload, state.rules) };
    }
    default:
      return event;
  }
}

function upcastDecision(event: DecisionEvent, stepsOf: (symbol: string) => Steps): DecisionEvent {
  const { rules } = event.context.market;
  const orders = event.orders.map(
    (order) => renamed(order, rules === null ? stepsOf(order.symbol) : rulesOf(rules)) as never,
  );
  return { ...event, orders };
}

/** Nobody knows what lots were in a symbol without rules on record: as good as not read. */
function upcastAccount(event: AccountEvent, rules: ReadonlyMap<string, Steps>): AccountEvent {
  const positions: PositionRecord[] = [];
  const unread = [...(event.unread ?? [])];
  for (const held of event.positions) {
    const steps = rules.get(held.symbol);
    if (steps === undefined) unread.push(held.symbol);
    else positions.push(renamed(held, steps) as PositionRecord);
  }
  return { ...event, positions, ...(unread.length > 0 ? { unread } : {}) };
}

function withSteps(event: GateEvent, steps: Steps): GateEvent {
  return { ...event, payload: renamed(event.payload, steps) } as GateEvent;
}

function renamed(payload: object, steps: Steps): object {
  return Object.fromEntries(
    Object.entries(payload).map(([name, value]) => {
      const present = PRESENT.get(name);
      if (present === undefined) return [name, value];
      const [fresh, stepE8] = present;
      return [fresh, typeof value === 'number' ? toE8(value, stepE8(steps)) : value];
    }),
  );
}
