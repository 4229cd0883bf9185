import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { longE8 } from '../../../daemon/engine/positions/positions.ts';
import type { GateEvent } from '../../../daemon/engine/records/events.ts';
import type { AccountEvent } from '../../../daemon/engine/records/venue-events.ts';
import { GateState } from '../../../daemon/engine/state/gate-state.ts';
import { asListed, inLots, LOT_E8 } from '../fold-fixture.ts';

const T0 = 1_740_960_000_000;

function account(lots: number, requestedAtMs: number, marginBalance = 10_000): AccountEvent {
  const position = {
    entry_price: 60_000,
    liquidation_price: null,
    quantity_e8: lots * LOT_E8,
    maintenance_margin_usdt: 0,
    mark_price: 60_000,
    symbol: 'BTCUSDT',
    unrealised_pnl_usdt: 0,
    updated_at_ms: requestedAtMs - 1,
  };
  return {
    available_usdt: marginBalance,
    initial_margin_usdt: 0,
    leverage: { BTCUSDT: 1 },
    maintenance_margin_usdt: 0,
    margin_balance_usdt: marginBalance,
    margin_ratio: 0,
    positions: lots === 0 ? [] : [position],
    requested_at_ms: requestedAtMs,
    wallet_usdt: marginBalance,
  };
}
function fold(events: readonly Omit<GateEvent, 'seq'>[]): GateState {
  const state = new GateState();
  for (const [index, event] of events.entries()) state.apply({ ...event, seq: index + 1 } as GateEvent);
  return state;
}

describe('folding what the account shows', () => {
  it('does not add what a foreign order filled before it was first seen: the account shows it', () => {
    const state = fold([
      { kind: 'account', at_ms: T0, payload: account(7, T0) },
      {
        kind: 'order',
        at_ms: T0 + 1,
        payload: {
          average_price: 60_000,
          client_order_id: 'web_1',
          detail: null,
          executed_e8: 3 * LOT_E8,
          foreign: { ...asListed(10, 600_000), side: 'sell' },
          retryable: false,
          status: 'partially_filled',
          venue_at_ms: T0,
          venue_order_id: '1',
        },
      },
    ]);
    assert.equal(inLots(state.position('BTCUSDT').quantityE8), 7);
    assert.equal(inLots(state.orders.all.get('web_1')?.executedE8), 3);
  });

  it('ignores an answer about the account that is older than the one it has', () => {
    const state = fold([
      { kind: 'account', at_ms: T0 + 200, payload: account(7, T0 + 100, 9_000) },
      { kind: 'account', at_ms: T0 + 300, payload: account(10, T0 + 50, 10_000) },
    ]);
    assert.equal(inLots(longE8(state.position('BTCUSDT'))), 7);
    assert.equal(state.account?.margin_balance_usdt, 9_000);
  });
});
