import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import type { FlattenBody } from '../../daemon/contract/types/operator.ts';
import type { OrderBody } from '../../daemon/contract/types/reads.ts';
import { createClient } from '../exchange-sim/signed-client.ts';
import { codesIn, until } from './harness.ts';
import { suiteWorld } from './suite-world.ts';

interface ErrorAnswer {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly details?: { readonly pending_hash?: string | null };
  };
}

describe('what the HTTP API promises, from a whole daemon', () => {
  const world = suiteWorld({ real: true });

  it('names the type of every order in lower case, and pages orders [AN-48 AN-79 AN-80 AN-84]', async () => {
    const human = createClient(world.sim);
    // Beside them no agent's order would stay.
    const side = { symbol: 'ETHUSDT', side: 'BUY' };
    await human.send('POST', '/fapi/v1/order', {
      ...side,
      type: 'LIMIT',
      timeInForce: 'GTC',
      quantity: '0.05',
      price: '2700',
    });
    await human.send('POST', '/fapi/v1/algoOrder', {
      ...side,
      algoType: 'CONDITIONAL',
      type: 'STOP_MARKET',
      quantity: '0.05',
      triggerPrice: '3300',
    });
    await world.place({ order_type: 'limit', limit_price: 59_000, strategy_id: 'calm & "slow"' });
    await world.refresh();
    const orders = await world.orders('?open=true');
    assert.deepEqual(orders.map(({ order_type, foreign }) => `${foreign} ${order_type}`).sort(), [
      'false limit',
      'true limit',
      'true stop_market',
    ]);
    for (const { decision_id, foreign } of orders) assert.equal(decision_id === null, foreign);
    const first = await world.operator<{ orders: OrderBody[]; next: string }>('GET', '/v1/orders?limit=2');
    const rest = await world.operator<{ orders: OrderBody[]; next: null }>(
      'GET',
      `/v1/orders?cursor=${first.body.next}`,
    );
    assert.deepEqual([first.body.orders.length, rest.body.orders.length, rest.body.next], [2, 1, null]);
    for (const cursor of ['zzz', '0', '-1', '1.5', '1e3']) {
      const { status, body } = await world.operator<ErrorAnswer>('GET', `/v1/orders?cursor=${cursor}`);
      const wrong = [status, body.error.code, body.error.message];
      assert.deepEqual(wrong, [400, 'INVALID_INPUT', 'cursor: was not issued by this daemon'], cursor);
    }
    assert.equal((await world.operator('GET', '/v1/alerts?cursor=zzz')).status, 400);
  });

  it('says of a cancel_all no quantity, and of a cancel what was left', async () => {
    // Past the window of duplicate intents.
    await world.advance(11_000);
    const placed = await world.place({ order_type: 'limit', limit_price: 58_000, requested_notional: 232 });
    assert.equal(placed.body.decision.decision, 'ALLOW', JSON.stringify(placed.body.decision.reasons));
    const id = placed.body.execution.orders[0]?.client_order_id;
    const one = await world.tool('cancel_order', { client_order_id: id });
    assert.equal(one.status, 200, JSON.stringify(one.body));
    assert.equal(one.body.decision.effective?.quantity, placed.body.decision.effective?.quantity);
    const all = await world.tool('cancel_all', {});
    const { action, quantity, requested_quantity, lots } = all.body.decision.effective ?? {};
    assert.deepEqual([action, quantity, requested_quantity, lots], ['cancel', null, null, null]);
    assert.ok(all.body.execution.orders.length > 0, 'it did cancel');
  });

  it('blocks a tool of any name that nobody allows, and records it', async () => {
    for (const tool of ['shell exec/1', '🙂'.repeat(128), 'place_order ']) {
      const { status, body } = await world.intercept(tool, { command: 'ls' });
      assert.deepEqual([status, body.decision.decision, body.decision.tool], [200, 'BLOCK', tool]);
      assert.deepEqual(codesIn(body), ['SCOPE_TOOL']);
      const found = await world.call('GET', `/v1/decisions/${body.decision.decision_id}`);
      assert.equal(found.status, 200, 'it is in the ledger');
    }
  });

  it('accepts a pending policy by its own hash only [AN-126 TF-84 TM-51]', async () => {
    const spec = parse(readFileSync(world.policyPath, 'utf8')) as { budgets: { gross_notional_usdt: number } };
    const wrong = 'f'.repeat(64);
    const none = await world.operator<ErrorAnswer>('POST', '/v1/policy/reload', { hash: wrong });
    assert.deepEqual([none.status, none.body.error.details?.pending_hash], [409, null]);
    spec.budgets.gross_notional_usdt *= 2;
    writeFileSync(world.policyPath, stringify(spec));
    const pending = () => world.daemon.gate.readiness().pending_policy?.hash ?? null;
    await until('the looser policy is pending', () => pending() !== null);
    const other = await world.operator<ErrorAnswer>('POST', '/v1/policy/reload', { hash: wrong });
    assert.deepEqual(
      [other.status, other.body.error.code, other.body.error.details?.pending_hash],
      [409, 'POLICY_NOT_PENDING', pending()],
    );
    assert.equal((await world.operator('POST', '/v1/policy/reload', { hash: pending() })).status, 200);
  });

  it('says for what a flatten halted [AN-166 TF-77 TF-78]', async () => {
    const some = await world.operator<FlattenBody>('POST', '/v1/flatten', { symbols: ['ETHUSDT'], reason: 'drill' });
    assert.deepEqual([some.body.state, some.body.scope, some.body.symbols], ['halted', 'symbols', ['ETHUSDT']]);
    assert.match(some.body.note, /^flat: trading in ETHUSDT stays halted until/);
    assert.equal((await world.tradingState()).state, 'active', 'the account is not halted');
    const all = await world.operator<FlattenBody>('POST', '/v1/flatten', { reason: 'drill' });
    assert.deepEqual([all.body.state, all.body.scope, all.body.symbols], ['halted', 'account', null]);
    assert.equal((await world.tradingState()).state, 'halted');
  });
});
