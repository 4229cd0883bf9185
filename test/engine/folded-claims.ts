import assert from 'node:assert/strict';
import type { Origin, Side } from '../../daemon/core/request.ts';
import type { Claim } from '../../daemon/engine/orders/claims.ts';
import type { PositionState } from '../../daemon/engine/positions/positions.ts';
import type { ExitEnd, OrderEvent, OrderIntentEvent } from '../../daemon/engine/records/decisions.ts';
import type { PositionRecord } from '../../daemon/engine/records/venue-events.ts';
import type { GateState } from '../../daemon/engine/state/gate-state.ts';
import type { ExitCause } from '../../daemon/engine/tables/rank.ts';
import { asListed, BTC_RULES, decisionEvent, FoldedLedger, LOT_E8, orderEvent, T0, TICK_E8 } from './fold-fixture.ts';

/** A reading of the account that shows the position at that many lots; it has changed at `changedAtMs`. */
export function accountEvent(lots: number, atMs: number, changedAtMs = atMs) {
  const position: PositionRecord = {
    entry_price: 60_000,
    liquidation_price: null,
    quantity_e8: lots * LOT_E8,
    maintenance_margin_usdt: 0,
    mark_price: 60_000,
    symbol: 'BTCUSDT',
    unrealised_pnl_usdt: 0,
    updated_at_ms: changedAtMs,
  };
  return {
    kind: 'account',
    at_ms: atMs,
    payload: {
      available_usdt: 1e5,
      initial_margin_usdt: 0,
      leverage: {},
      maintenance_margin_usdt: 0,
      margin_balance_usdt: 1e5,
      margin_ratio: 0,
      positions: lots === 0 ? [] : [position],
      requested_at_ms: atMs,
      wallet_usdt: 1e5,
    },
  } as const;
}

/** Of an exit that its caller changes. */
const formOf = (lots: number) => ({ quantity_e8: lots * LOT_E8, price_e8: 650_000 * TICK_E8 });

interface HowToOpen {
  readonly atMs?: number;
  readonly agent?: string;
  readonly side?: Side;
  readonly delayMs?: number;
  readonly origin?: 'agent' | 'operator';
  /** At its own price; else it is immediate. */
  readonly rests?: boolean;
}
interface HowToExit {
  readonly isWhole?: boolean;
  readonly delayMs?: number;
  readonly atMs?: number;
  readonly origin?: 'agent' | 'operator' | 'gate';
  readonly cause?: ExitCause;
  readonly agent?: string;
  readonly side?: Side;
  readonly slippageBps?: number | null;
}

/** Openings and claims of one symbol as a restart would fold them: every step is an event. */
export class FoldedClaims {
  readonly ledger = new FoldedLedger();
  /** Fills are of after the last reading, unless said otherwise. */
  #filledMs = T0;
  constructor() {
    this.ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  }
  get state(): GateState {
    return this.ledger.state;
  }
  get position(): PositionState {
    return this.state.position('BTCUSDT');
  }
  /** An opening of `lots` that is on its way. */
  open(id: string, lots: number, { atMs = T0, agent = 'alice', ...how }: HowToOpen = {}): void {
    const { delayMs = 0, origin = 'agent', rests = false, side = 'buy' } = how;
    const order = { client_order_id: id, side, lots, delay_ms: delayMs, time_in_force: rests ? 'GTC' : 'IOC' } as const;
    const request = { origin, symbol: 'BTCUSDT' };
    this.ledger.append(decisionEvent({ id: `d-${id}`, atMs, agent, request, orders: [order] }));
  }
  /** Lots that the holder's opening has filled. */
  hold(lots: number, agent = 'alice', side: Side = 'buy'): void {
    this.open('o', lots, { agent, side });
    this.report('o', 'filled', lots);
  }
  /** An order that somebody placed at the venue, past this daemon. */
  list(id: string, lots: number, { atMs = T0, reduceOnly = false, side = 'buy' as Side } = {}): void {
    const foreign = { ...asListed(lots, 600_000), reduce_only: reduceOnly, side };
    this.report(id, 'working', 0, atMs, { foreign });
  }
  report(
    id: string,
    status: OrderEvent['status'],
    executed: number,
    atMs = this.#filledMs,
    detail: Partial<Omit<OrderEvent, 'executed_e8'>> = {},
  ): void {
    this.ledger.append(orderEvent(id, atMs, { status, executed_lots: executed, ...detail }));
  }
  /** The account shows the position at that many lots. */
  read(lots: number, atMs: number, changedAtMs = atMs): void {
    this.#filledMs = Math.max(this.#filledMs, atMs + 1);
    this.ledger.append(accountEvent(lots, atMs, changedAtMs));
  }
  /** An exit that closes now, whose first order is on its way, or waits; unless said otherwise an agent's full close. */
  exit(id: string, lots: number, how: HowToExit = {}): void {
    const { atMs = T0, delayMs = 0, isWhole = true, origin = 'agent', side = 'sell', slippageBps = null } = how;
    const agent = origin === 'agent' ? (how.agent ?? 'alice') : origin;
    const form = { client_order_id: id, lots, side, reduce_only: true, delay_ms: delayMs } as const;
    const order = { ...form, time_in_force: 'IOC' } as const;
    const effective = { action: 'exit', side, lots, max_slippage_bps: slippageBps } as const;
    this.ledger.append(decisionEvent({ id: `d-${id}`, atMs, agent, request: { origin }, effective, orders: [order] }));
    this.ledger.append({
      kind: 'exit_target',
      at_ms: atMs,
      payload: {
        action: 'opened',
        agent,
        cause: how.cause ?? (origin === 'gate' ? 'stop' : origin),
        client_order_id: id,
        decision_id: `d-${id}`,
        is_whole: isWhole,
        key: '',
        quantity_e8: lots * LOT_E8,
        origin,
        scope: 'own',
        side,
        symbol: 'BTCUSDT',
      },
    });
  }
  end(id: string, reason: ExitEnd, atMs = T0): void {
    const payload = { action: 'ended', decision_id: `d-${id}`, detail: '', filled_e8: 0, reason } as const;
    this.ledger.append({ kind: 'exit_target', at_ms: atMs, payload });
  }
  find(id: string): Claim {
    const claim = this.state.claims.find(`d-${id}`);
    assert.ok(claim !== null);
    return claim;
  }
  /** A further order of a claim that closes now. */
  rung(
    id: string,
    parent: string,
    lots: number,
    { atMs = T0, rung = 0, slippageBps = null as number | null } = {},
  ): void {
    const { agent, origin, side } = this.find(parent);
    const order = { client_order_id: id, lots, side, reduce_only: true, time_in_force: 'IOC' } as const;
    const effective = { action: 'exit', side, lots, max_slippage_bps: slippageBps } as const;
    const slice = { kind: 'slice', parent: `d-${parent}`, request: { origin }, effective } as const;
    const event = decisionEvent({ id: `d-${id}`, atMs, agent, ...slice, orders: [order] });
    const context = { ...event.payload.context, exit_rung: rung };
    this.ledger.append({ ...event, payload: { ...event.payload, context } });
  }
  /** A cancel that was asked for: of one order, or of all of its caller's. */
  askCancel(
    id: string | null,
    { agent = 'alice', atMs = T0, origin = 'agent' as Origin, symbol = 'BTCUSDT' } = {},
  ): void {
    const request = { client_order_id: id, intent: 'cancel', origin, symbol } as const;
    this.ledger.append(decisionEvent({ id: `d-c-${id}`, atMs, agent, request, orders: [] }));
  }

  /** An agent's exit that rests at its own price, or will. */
  takeProfit(
    id: string,
    lots: number,
    {
      agent = 'alice',
      atMs = T0,
      delayMs = 0,
      origin = 'agent' as Origin,
      parent = null as string | null,
      side = 'sell' as Side,
    } = {},
  ): void {
    const order = {
      client_order_id: id,
      lots,
      side,
      reduce_only: true,
      price_ticks: 650_000,
      delay_ms: delayMs,
    } as const;
    const effective = { action: 'exit', side, lots } as const;
    const again = parent === null ? {} : ({ kind: 'slice', parent: `d-${parent}` } as const);
    this.ledger.append(
      decisionEvent({ id: `d-${id}`, atMs, agent, request: { origin }, effective, orders: [order], ...again }),
    );
  }
  /** The gate wants an order gone. */
  cancel(id: string, reason: string, atMs = T0): void {
    const payload: OrderIntentEvent = {
      action: 'cancel',
      client_order_id: id,
      quantity_e8: null,
      price_e8: null,
      reason,
    };
    this.ledger.append({ kind: 'order_intent', at_ms: atMs, payload });
  }
  /** Trading is halted for the account. */
  halt(atMs = T0): void {
    const layer = { layer: 'operator', name: null, scope: 'account', set_by: 'operator', state: 'halted' } as const;
    const payload = { ...layer, clears_at_ms: null, clears_when: 'an operator ends it', reason: 'test' };
    this.ledger.append({ kind: 'state', at_ms: atMs, payload });
  }
  /** An order's caller asks for another size; what becomes of that is not known yet. */
  askAmend(id: string, lots: number, atMs = T0): void {
    const effective = { action: 'amend', side: 'sell', lots, price_ticks: 650_000, reduce_only: true } as const;
    const request = { intent: 'modify', client_order_id: id } as const;
    this.ledger.append(decisionEvent({ id: `d-${id}-amend`, atMs, effective, request, orders: [] }));
  }
  settleAmend(id: string, action: 'amended' | 'amend_failed', lots: number, atMs = T0): void {
    const payload = { action, client_order_id: id, ...formOf(lots), reason: '' } as const;
    this.ledger.append({ kind: 'order_intent', at_ms: atMs, payload });
  }
  /** An order's caller has changed its size; the venue has agreed. */
  amend(id: string, lots: number, atMs = T0): void {
    const form = { client_order_id: id, ...formOf(lots), reason: '' } as const;
    for (const action of ['amend', 'amended'] as const)
      this.ledger.append({ kind: 'order_intent', at_ms: atMs, payload: { action, ...form } });
  }
  /** An operator's word on whose the symbol is. */
  adopt(agent: string, atMs = T0): void {
    const { quantityE8 } = this.position;
    const payload = {
      action: 'adopted',
      passkey_id: null,
      reason: '',
      agent,
      quantity_e8: quantityE8,
      set_by: 'ops',
      symbol: 'BTCUSDT',
    } as const;
    this.ledger.append({ kind: 'holder', at_ms: atMs, payload });
  }
  release(forMs = 0, atMs = T0): void {
    const agent = this.position.holder ?? '';
    const payload = { action: 'released', reason: '', agent, for_ms: forMs, set_by: 'ops', symbol: 'BTCUSDT' } as const;
    this.ledger.append({ kind: 'holder', at_ms: atMs, payload });
  }
}
