import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DaemonWorld, order } from '../daemon/harness.ts';
import { createClient } from '../exchange-sim/signed-client.ts';
import {
  type AnyBody,
  codesOf,
  isBlocked,
  isMalformed,
  isPermitted,
  leavesTheBooksAlone,
  openOrders,
  orderOf,
  withoutPacing,
  worstUsdt,
} from './attempts.ts';

const WHOLE = JSON.stringify(order());
const PATHS = ['/v1/tools/place_order', '/v1/dry-run/place_order', '/v1/intercept'] as const;
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
/** The body of an order with one more member, at each door. */
const withMember = (member: string): string => `{${member},${WHOLE.slice(1)}`;

describe('ways around a gate: bodies', () => {
  let world: DaemonWorld;
  before(async () => {
    world = await DaemonWorld.start({ policy: withoutPacing });
  });
  after(() => world.close());

  for (const field of [
    'max_slipage_bps',
    'max_slippage',
    'Symbol',
    'requestedNotional',
    'leverage',
    'limitPrice',
    'dry_run',
    'enforce',
    'mode',
    'bypass',
    'force',
    'confirm',
    'role',
    'agent',
    'policy',
    'constructor',
    'prototype',
    'toString',
    '',
  ]) {
    it(`BY-05 refuses the unknown or misspelt field ${JSON.stringify(field)}`, async () => {
      await isMalformed(world, 'place_order', order({ [field]: 1 }), field);
      await isMalformed(world, 'close_position', { symbol: 'BTCUSDT', [field]: 1 }, field);
    });
  }

  const wrapped = (body: string, path: string): string =>
    path === '/v1/intercept' ? `{"tool":"place_order","args":${body}}` : body;
  for (const [name, body, status] of [
    ['__proto__', withMember('"__proto__":{"requested_notional":1}'), 400],
    ['an escaped __proto__', withMember('"\\u005f_proto__":{"a":1}'), 400],
    ['constructor.prototype', withMember('"constructor":{"prototype":{"a":1}}'), 400],
    ['a duplicated key', withMember('"requested_notional":100000'), 400],
    ['a key duplicated by escapes', withMember('"requested_notiona\\u006c":100000'), 400],
    ['a duplicated key inside meta', withMember('"meta":{"skill":{"name":"a","name":"b"}}'), 400],
    ['a depth of 60', withMember(`"meta":${nested(60)}`), 400],
    ['a depth of 10000', withMember(`"meta":${nested(10_000)}`), 400],
    ['an array of orders', `[${WHOLE},${WHOLE}]`, 400],
    ['two bodies', `${WHOLE}${WHOLE}`, 400],
    ['a tail', `${WHOLE}x`, 400],
    ['a comment', `/* */${WHOLE}`, 400],
    ['a trailing comma', `${WHOLE.slice(0, -1)},}`, 400],
    ['single quotes', WHOLE.replaceAll('"', "'"), 400],
    ['a string', JSON.stringify(WHOLE), 400],
    ['null', 'null', 400],
    ['nothing', '', 400],
    ['10 MB of text', withMember(`"rationale":"${'x'.repeat(10_000_000)}"`), 413],
    ['10 MB of spaces', `${' '.repeat(10_000_000)}${WHOLE}`, 413],
  ] as const) {
    it(`BY-05 refuses a body with ${name}`, async () => {
      await leavesTheBooksAlone(world, name, async () => {
        for (const path of PATHS) {
          const answer = await world.call<{ readonly decision?: { readonly decision: string } }>(
            'POST',
            path,
            wrapped(body, path),
          );
          // What an intercepted call carries is judged, not run: it may be a BLOCK.
          const isRefused = answer.status === status || answer.body.decision?.decision === 'BLOCK';
          assert.ok(path === '/v1/intercept' ? isRefused : answer.status === status, `${path}: ${answer.status}`);
        }
      });
    });
  }
  it('BY-05 refuses bytes that are no UTF-8 and a compressed body', async () => {
    await leavesTheBooksAlone(world, 'bytes', async () => {
      const send = (body: Uint8Array, headers: Record<string, string>): Promise<Response> =>
        fetch(`${world.daemon.url}/v1/tools/place_order`, {
          method: 'POST',
          body,
          headers: {
            Authorization: `Bearer ${world.token('agent')}`,
            'Content-Type': 'application/json',
            ...headers,
          },
        });
      const broken = Buffer.from(WHOLE.replace('"test"', '"te\u0000st"'));
      broken[broken.indexOf(0)] = 0xff;
      assert.equal((await send(broken, {})).status, 400);
      assert.equal((await send(Buffer.from(WHOLE), { 'Content-Encoding': 'gzip' })).status, 415);
      assert.equal((await send(Buffer.from(WHOLE), { 'Content-Type': 'text/plain' })).status, 415);
      assert.equal(
        (await send(Buffer.from(WHOLE), { 'Content-Type': 'application/x-www-form-urlencoded' })).status,
        415,
      );
    });
  });

  for (const [field, value] of [
    ['params', { reduceOnly: false }],
    ['positionSide', 'LONG'],
    ['closePosition', true],
    ['quoteOrderQty', 100_000],
    ['stopPrice', 59_000],
    ['activationPrice', 59_000],
    ['callbackRate', 1],
    ['timeInForce', 'GTX'],
    ['newClientOrderId', 'mine'],
    ['clientOrderId', 'mine'],
    ['priceMatch', 'OPPONENT'],
    ['selfTradePreventionMode', 'NONE'],
    ['goodTillDate', 1],
    ['workingType', 'MARK_PRICE'],
    ['reduceOnly', false],
    ['marginMode', 'cross'],
    ['recvWindow', 60_000],
    ['hedged', true],
    ['type', 'STOP_MARKET'],
    ['quantity', 1],
  ] as const) {
    it(`BY-06 has no way through for the exchange's own parameter ${field}`, async () => {
      await isMalformed(world, 'place_order', order({ [field]: value }), field);
      await isMalformed(world, 'close_position', { symbol: 'BTCUSDT', [field]: value }, field);
      await isMalformed(world, 'modify_order', { client_order_id: 'x', limit_price: 1, [field]: value }, field);
    });
  }
});

describe('ways around a gate: second paths', () => {
  let world: DaemonWorld;
  before(async () => {
    world = await DaemonWorld.start({
      policy: (spec) => {
        withoutPacing(spec);
        // Resting orders must still be there to be modified; that they are canceled when the state tightens is BY-31.
        spec.standing.on_breach = 'hold';
      },
    });
  });
  after(() => world.close());

  async function rest(change: object = {}, token?: string): Promise<string> {
    const args = order({ order_type: 'limit', limit_price: 59_000, requested_notional: 300, ...change });
    const { body } = await world.tool('place_order', args, token);
    const id = body.execution.orders[0]?.client_order_id;
    assert.ok(id !== undefined, JSON.stringify(body.decision.reasons));
    return id;
  }
  async function clear(): Promise<void> {
    await world.operator('POST', '/v1/tools/cancel_all', {});
    await world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    await world.refresh();
    assert.equal(openOrders(await world.books()).length, 0);
    assert.equal(await world.position('BTCUSDT'), 0);
  }

  for (const tool of [
    'place_orders',
    'batch_orders',
    'batchOrders',
    'create_order',
    'createOrder',
    'edit_order',
    'set_leverage',
    'set_margin_mode',
    'set_position_mode',
    'transfer',
    'withdraw',
    'fapiPrivatePostOrder',
    'stop_order',
    'get_account/../place_order',
    'PLACE_ORDER',
    'place_order.',
  ]) {
    it(`BY-07 knows no tool ${tool}`, async () => {
      await leavesTheBooksAlone(world, tool, async () => {
        for (const door of ['tools', 'dry-run']) {
          const path = `/v1/${door}/${encodeURIComponent(tool)}`;
          assert.equal((await world.call('POST', path, order({ leverage: 125 }))).status, 404, path);
        }
        const { body } = await world.intercept(tool, { symbol: 'BTCUSDT', leverage: 125 });
        assert.equal(body.decision.decision, 'BLOCK');
        assert.equal(body.decision.reasons[0]?.code, 'SCOPE_TOOL');
        assert.equal(body.decision.binding, false);
      });
    });
  }
  for (const kind of [
    'stop',
    'stop_market',
    'take_profit_market',
    'trailing_stop_market',
    'post_only',
    'MARKET',
    'ioc',
  ]) {
    it(`BY-07 knows no order type ${kind}`, async () => {
      await isMalformed(world, 'place_order', order({ order_type: kind }), kind);
    });
  }

  for (const [name, change] of [
    ['a larger total', { requested_notional: 5_000 }],
    ['the largest total', { requested_notional: 1_000_000_000 }],
    ['a price beyond the collar', { limit_price: 70_000 }],
    ['a larger total at a better price', { requested_notional: 5_000, limit_price: 58_000 }],
  ] as const) {
    it(`BY-07 judges a modify as the order that it becomes: ${name} is refused and the old order stays`, async () => {
      const id = await rest();
      await isBlocked(world, 'modify_order', { client_order_id: id, ...change }, 'MODIFY_NOT_ALLOWED', name);
      assert.equal(orderOf(await world.books(), id).status, 'NEW');
      await clear();
    });
  }
  it('BY-07 lets a modify pass that fits, in place', async () => {
    const id = await rest();
    const { body } = await world.tool('modify_order', { client_order_id: id, requested_notional: 600 });
    assert.equal(body.decision.decision, 'ALLOW');
    const books = await world.books();
    assert.equal(Number(orderOf(books, id).quantity), 0.01);
    assert.equal(openOrders(books).length, 1);
    await clear();
  });
  it('BY-07 holds parallel modifies of several orders to one cap', async () => {
    // Different prices: equal orders in a row would be duplicates.
    const ids = [
      await rest({ limit_price: 59_000 }),
      await rest({ limit_price: 58_900 }),
      await rest({ limit_price: 58_800 }),
    ];
    await Promise.all(
      [...ids, ...ids].map((id, index) =>
        world.tool('modify_order', { client_order_id: id, requested_notional: 980 - index }),
      ),
    );
    await world.refresh();
    const worst = worstUsdt(await world.books(), 'BTCUSDT');
    assert.ok(worst <= 1000, `the exchange could fill ${worst} USDT of one symbol`);
    await clear();
  });
  it('BY-07 leaves the orders of other agents alone', async () => {
    const id = await rest();
    const other = world.createAgent('thief');
    await isBlocked(world, 'cancel_order', { client_order_id: id }, 'ORDER_NOT_OWN', 'cancel', other);
    await isBlocked(
      world,
      'modify_order',
      { client_order_id: id, requested_notional: 100 },
      'ORDER_NOT_OWN',
      'modify',
      other,
    );
    await leavesTheBooksAlone(world, 'cancel_all of another agent', () => world.tool('cancel_all', {}, other));
    await clear();
  });
  it('BY-07 lets a modify only reduce while the state is reducing', async () => {
    const id = await rest({ side: 'buy' });
    // The layer of one agent only: a state of the account would cancel the order.
    const ask = (change: object): Promise<{ readonly body: AnyBody; readonly status: number }> =>
      world.tool('modify_order', { client_order_id: id, ...change });
    world.daemon.gate.core.append('state', {
      clears_at_ms: null,
      clears_when: 'the test is over',
      layer: 'breaker',
      name: 'BTCUSDT',
      reason: 'test',
      scope: 'symbol',
      set_by: 'test',
      state: 'reducing',
    });
    await leavesTheBooksAlone(world, 'larger', async () => {
      assert.ok(codesOf(await ask({ requested_notional: 400 })).includes('STATE_REDUCING'));
      assert.ok(codesOf(await ask({ limit_price: 59_500 })).includes('STATE_REDUCING'));
    });
    const smaller = await ask({ requested_notional: 120 });
    assert.ok(isPermitted(smaller), JSON.stringify(smaller.body.decision?.reasons));
    assert.ok(Number(orderOf(await world.books(), id).quantity) <= 0.002);
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'over', symbol: 'BTCUSDT' });
    await clear();
  });

  it('BY-39 never changes the leverage of a symbol that is held', async () => {
    const leverageOf = async (): Promise<number | undefined> =>
      (await world.books()).positions.find((each) => each.symbol === 'BTCUSDT')?.leverage;
    await world.tool('place_order', order({ requested_leverage: 3, requested_notional: 400 }));
    assert.equal(await leverageOf(), 3);
    for (const leverage of [1, 2]) {
      const { body } = await world.tool(
        'place_order',
        order({ requested_leverage: leverage, requested_notional: 130 }),
      );
      assert.notEqual(body.decision.decision, 'BLOCK');
      assert.equal(await leverageOf(), 3);
    }
    await clear();
    await world.tool('place_order', order({ requested_leverage: 1, requested_notional: 400 }));
    assert.equal(await leverageOf(), 1);
    await world.tool('place_order', order({ requested_leverage: 3, requested_notional: 130 }));
    assert.equal(await leverageOf(), 1, 'an old position was thinned');
    await clear();
  });
  it('BY-39 opens nothing on a leverage above the cap that somebody else set at the exchange', async () => {
    const human = createClient(world.sim);
    await human.send('POST', '/fapi/v1/leverage', { symbol: 'ETHUSDT', leverage: '50' });
    await human.send('POST', '/fapi/v1/order', { symbol: 'ETHUSDT', side: 'BUY', type: 'MARKET', quantity: '0.02' });
    await world.refresh();
    await isBlocked(world, 'place_order', order({ symbol: 'ETHUSDT' }), 'LEVERAGE_LOCKED', 'ETHUSDT at 50x');
  });
});
