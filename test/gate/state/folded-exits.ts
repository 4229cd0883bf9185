import assert from 'node:assert/strict';
import type { ExitEnd, OrderEvent, OrderIntentEvent, PositionRecord } from '../../../daemon/gate/events.ts';
import type { ExitTarget } from '../../../daemon/gate/state/exit-targets.ts';
import { BTC_RULES, decisionEvent, FoldedLedger, orderEvent, T0 } from '../fold-fixture.ts';

/** A reading of the account that shows the position at that many lots; it has changed at `changedAtMs`. */
export function accountEvent(lots: number, atMs: number, changedAtMs = atMs) {
  const position: PositionRecord = {
    entry_price: 60_000,
    liquidation_price: null,
    lots,
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

interface HowToExit {
  readonly isWhole?: boolean;
  readonly delayMs?: number;
  readonly atMs?: number;
  readonly origin?: 'agent' | 'operator' | 'gate';
  readonly scope?: 'own' | 'account';
  readonly agent?: string;
}

/** A book of exits as a restart would fold it: every step is an event. */
export class FoldedExits {
  readonly ledger = new FoldedLedger();
  constructor() {
    this.ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  }
  /** An opening of `lots` that is on its way. */
  open(id: string, lots: number, atMs = T0, side: 'buy' | 'sell' = 'buy'): void {
    const orders = [{ client_order_id: id, side, lots, time_in_force: 'IOC' } as const];
    this.ledger.append(decisionEvent({ id: `d-${id}`, atMs, orders }));
  }
  /** An exit of `lots` that is on its way, of another agent that holds none of them. */
  sell(id: string, lots: number, atMs = T0): void {
    const orders = [{ client_order_id: id, side: 'sell', lots, reduce_only: true, time_in_force: 'IOC' } as const];
    this.ledger.append(decisionEvent({ id: `d-${id}`, atMs, agent: 'bob', orders }));
  }
  report(
    id: string,
    status: OrderEvent['status'],
    executed: number,
    atMs = T0,
    detail: Partial<OrderEvent> = {},
  ): void {
    this.ledger.append(orderEvent(id, atMs, { status, executed_lots: executed, ...detail }));
  }
  /** The account shows the position at that many lots. */
  read(lots: number, atMs: number, changedAtMs = atMs): void {
    this.ledger.append(accountEvent(lots, atMs, changedAtMs));
  }
  /** An exit whose first order is on its way, or waits; unless said otherwise an agent's under account scope. */
  exit(id: string, lots: number, how: HowToExit = {}): void {
    const { atMs = T0, delayMs = 0, isWhole = true, origin = 'agent', scope = 'account' } = how;
    const agent = origin === 'agent' ? (how.agent ?? 'alice') : origin;
    const order = { client_order_id: id, lots, side: 'sell', reduce_only: true, delay_ms: delayMs } as const;
    const effective = { action: 'exit', side: 'sell', lots } as const;
    this.ledger.append(decisionEvent({ id: `d-${id}`, atMs, agent, request: { origin }, effective, orders: [order] }));
    this.ledger.append({
      kind: 'exit_target',
      at_ms: atMs,
      payload: {
        action: 'opened',
        agent,
        cause: origin === 'gate' ? 'stop' : origin,
        client_order_id: id,
        decision_id: `d-${id}`,
        is_whole: isWhole,
        key: `${agent} at any price`,
        lots,
        origin,
        scope,
        side: 'sell',
        symbol: 'BTCUSDT',
      },
    });
  }
  end(id: string, reason: ExitEnd, atMs = T0): void {
    const payload = { action: 'ended', decision_id: `d-${id}`, detail: '', filled_lots: 0, reason } as const;
    this.ledger.append({ kind: 'exit_target', at_ms: atMs, payload });
  }
  find(id: string): ExitTarget {
    const target = this.ledger.state.targets.find(`d-${id}`);
    assert.ok(target !== null);
    return target;
  }

  /** An agent's exit that rests at its own price, or will. */
  takeProfit(id: string, lots: number, { atMs = T0, delayMs = 0, parent = null as string | null } = {}): void {
    const order = {
      client_order_id: id,
      lots,
      side: 'sell',
      reduce_only: true,
      price_ticks: 650_000,
      delay_ms: delayMs,
    } as const;
    const effective = { action: 'exit', side: 'sell', lots } as const;
    const again = parent === null ? {} : ({ kind: 'slice', parent: `d-${parent}` } as const);
    this.ledger.append(decisionEvent({ id: `d-${id}`, atMs, effective, orders: [order], ...again }));
  }
  /** The gate wants an order gone. */
  cancel(id: string, reason: string, atMs = T0): void {
    const payload: OrderIntentEvent = { action: 'cancel', client_order_id: id, lots: null, price_ticks: null, reason };
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
    const payload = { action, client_order_id: id, lots, price_ticks: 650_000, reason: '' } as const;
    this.ledger.append({ kind: 'order_intent', at_ms: atMs, payload });
  }
  /** An order's caller has changed its size; the venue has agreed. */
  amend(id: string, lots: number, atMs = T0): void {
    const form = { client_order_id: id, lots, price_ticks: 650_000, reason: '' } as const;
    for (const action of ['amend', 'amended'] as const)
      this.ledger.append({ kind: 'order_intent', at_ms: atMs, payload: { action, ...form } });
  }
}
