import assert from 'node:assert/strict';
import { afterEach, before, describe, it } from 'node:test';
import type { PlaceOrderArgs } from '../../daemon/contract/types/trading-calls.ts';
import { DaemonWorld, order, type TestAnswer, type ToolBody, until } from '../daemon/harness.ts';
import { editPolicy, UNPACED } from '../daemon/policy-edits.ts';
import { suiteWorld } from '../daemon/suite-world.ts';
import { createClient } from '../exchange-sim/signed-client.ts';
import {
  codesOf,
  decidedAtOnce,
  grossUsdt,
  isBlocked,
  isMalformed,
  isPermitted,
  leavesTheBooksAlone,
  newOrders,
  openOrders,
  orderOf,
  untilAllAnswered,
  worstUsdt,
} from './attempts.ts';

describe('ways around a gate: second paths', () => {
  const world = suiteWorld({
    policy: (spec) => {
      editPolicy(spec, UNPACED);
      // Resting orders must still be there to be modified; that they are canceled when the state tightens is BY-31.
      spec.standing.on_breach = 'hold';
    },
  });

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
    it(`BY-07 knows no order type ${kind} [TM-61]`, async () => {
      await isMalformed(world, 'place_order', order({ order_type: kind }), kind);
    });
  }

  for (const [name, change] of [
    ['a larger total', { requested_notional: 5_000 }],
    ['the largest total', { requested_notional: 1_000_000_000 }],
    ['a price beyond the collar', { limit_price: 70_000 }],
    ['a larger total at a better price', { requested_notional: 5_000, limit_price: 58_000 }],
  ] as const) {
    it(`BY-07 judges a modify as the order that it becomes: ${name} is refused and the old order stays [TD-10]`, async () => {
      const id = await rest();
      await isBlocked(world, 'modify_order', { client_order_id: id, ...change }, 'MODIFY_NOT_ALLOWED', name);
      assert.equal(orderOf(await world.books(), id).status, 'NEW');
      await clear();
    });
  }
  it('BY-07 lets a modify pass that fits, in place [TD-9]', async () => {
    const id = await rest();
    const { body } = await world.tool('modify_order', { client_order_id: id, requested_notional: 590 });
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
  it('BY-07 leaves the orders of other agents alone [TD-11 TD-13]', async () => {
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
  it('BY-07 lets a modify only reduce while the state is reducing', async (t) => {
    const held = await DaemonWorld.of(t, { policy: UNPACED });
    const body = await held.mustPlace('working', { order_type: 'limit', limit_price: 59_000 });
    const id = body.execution.orders[0]?.client_order_id ?? '';
    const rested = Number(orderOf(await held.books(), id).quantity);
    // In one turn of the event loop: a state that is not active ends opening orders with the gate's next tick (BY-31).
    held.daemon.gate.core.append('state', {
      clears_at_ms: null,
      clears_when: 'the test is over',
      layer: 'breaker',
      name: 'BTCUSDT',
      reason: 'test',
      scope: 'symbol',
      set_by: 'test',
      state: 'reducing',
    });
    const [larger, dearer, smaller] = await decidedAtOnce(
      held,
      [{ requested_notional: 400 }, { limit_price: 59_500 }, { requested_notional: 120 }].map((change) => ({
        tool: 'modify_order' as const,
        args: { client_order_id: id, ...change },
      })),
    );
    for (const refused of [larger, dearer]) {
      const codes = refused?.reasons.map((reason) => reason.code) ?? [];
      assert.equal(refused?.decision, 'BLOCK', 'more risk while reducing');
      assert.ok(codes.includes('STATE_REDUCING'), codes.join(', '));
    }
    assert.notEqual(smaller?.decision, 'BLOCK', JSON.stringify(smaller?.reasons));
    await until(
      'the order is gone',
      held.refreshing(async () => orderOf(await held.books(), id).status === 'CANCELED'),
    );
    const left = orderOf(await held.books(), id);
    assert.ok(Number(left.quantity) <= rested, `${left.quantity} of ${rested}`);
    assert.deepEqual([Number(left.price), Number(left.executed_quantity)], [59_000, 0], 'neither moved nor filled');
  });

  it('BY-39 never changes the leverage of a symbol that is held', async () => {
    const leverageOf = async (): Promise<number | undefined> =>
      (await world.books()).positions.find((each) => each.symbol === 'BTCUSDT')?.leverage;
    await world.place({ requested_leverage: 3, requested_notional: 400 });
    assert.equal(await leverageOf(), 3);
    for (const leverage of [1, 2]) {
      const { body } = await world.place({ requested_leverage: leverage, requested_notional: 130 });
      assert.notEqual(body.decision.decision, 'BLOCK');
      assert.equal(await leverageOf(), 3);
    }
    await clear();
    await world.place({ requested_leverage: 1, requested_notional: 400 });
    assert.equal(await leverageOf(), 1);
    await world.place({ requested_leverage: 3, requested_notional: 130 });
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

const SYMBOLS = ['BTCUSDT', 'ETHUSDT'] as const;
const CLIENTS = 100;

describe('ways around a gate: splitting and races', () => {
  const world = suiteWorld({
    sim: { balance: 100_000 },
    policy: (spec) => {
      editPolicy(spec, UNPACED);
      // One symbol may hold all of it, so that the symbol cap binds and not the concentration.
      spec.account.concentration = { share: 0.99, floor_usdt: 2000 };
    },
  });
  let clients: readonly string[];
  before(async () => {
    // One agent holds a symbol: what races for one cap are clients of two agents, and each asks for its own symbol.
    const tokens = SYMBOLS.map((symbol) => world.createAgent(`racer-${symbol}`));
    clients = Array.from({ length: CLIENTS }, (_, index) => tokens[index % SYMBOLS.length] ?? '');
    for (const symbol of SYMBOLS) await world.setMark(symbol, symbol === 'BTCUSDT' ? 60_000 : 3_000);
  });
  afterEach(async () => {
    // The venue takes 300 orders within 10 s, and every race sends hundreds: the next one finds the window empty.
    await world.sleep(10_500);
    await world.operator('POST', '/v1/tools/cancel_all', {});
    for (const symbol of SYMBOLS) await world.operator('POST', '/v1/tools/close_position', { symbol });
    for (const symbol of SYMBOLS) await world.setMark(symbol, symbol === 'BTCUSDT' ? 60_000 : 3_000);
    const books = await world.books();
    assert.equal(openOrders(books).length, 0);
    assert.ok(books.positions.every((position) => Number(position.quantity) === 0));
  });

  async function checkCaps(what: string): Promise<void> {
    await untilAllAnswered(world);
    const books = await world.books();
    for (const symbol of SYMBOLS) {
      const worst = worstUsdt(books, symbol);
      assert.ok(worst <= 2000, `${what}: the exchange could hold ${worst} USDT of ${symbol}`);
    }
    assert.ok(grossUsdt(books) <= 3000, `${what}: the exchange could hold ${grossUsdt(books)} USDT`);
    assert.ok(grossUsdt(books) > 2000, `${what}: next to nothing was permitted, so nothing was shown`);
  }
  const race = (build: (index: number) => object): Promise<readonly TestAnswer<ToolBody>[]> =>
    Promise.all(clients.map((token, index) => world.tool('place_order', build(index), token)));

  it('BY-08 holds the sum of many small orders to the caps of symbol and account', async () => {
    for (let index = 0; index < 60; index += 1) {
      const symbol = SYMBOLS[index % 2] ?? 'BTCUSDT';
      await world.place({ symbol, requested_notional: 100 + index });
    }
    await checkCaps('small market orders');
  });
  it('BY-08 counts resting orders with the position and with each other', async () => {
    for (let index = 0; index < 40; index += 1) {
      const symbol = SYMBOLS[index % 2] ?? 'BTCUSDT';
      const price = symbol === 'BTCUSDT' ? 59_900 - index : 2_990 - index;
      const limit = { order_type: 'limit', limit_price: price, requested_notional: 150 };
      await world.place({ symbol, requested_notional: 150, ...(index % 3 === 0 ? {} : limit) });
    }
    await checkCaps('a mix of market and limit orders');
  });
  it('BY-08 holds many strategy ids, venues, accounts and skills to the same caps [TF-40]', async () => {
    for (let index = 0; index < 40; index += 1) {
      await world.place({
        symbol: SYMBOLS[index % 2],
        requested_notional: 140,
        strategy_id: `s-${index}`,
        request_id: `r-${index}`,
        venue: 'paper',
        account: 'main',
        rationale: `again ${index}`,
      });
    }
    await checkCaps('names that a caller chooses');
  });

  it('BY-09 lets 100 parallel clients overspend nothing: market orders of one symbol and of both', async () => {
    const answers = await race((index) =>
      order({ symbol: SYMBOLS[index % 2], requested_notional: 90 + index, requested_leverage: 1 + (index % 3) }),
    );
    assert.ok(answers.every((answer) => answer.status === 200));
    await world.refresh();
    await checkCaps('100 market orders at once');
  });
  /** 100 orders that rest on both sides of both symbols, at once. */
  async function quote(tokens: readonly string[]): Promise<readonly TestAnswer<ToolBody>[]> {
    // Past the flip interval of what an earlier race filled.
    await world.advance(1_000);
    return Promise.all(
      Array.from({ length: CLIENTS }, (_, index) => {
        const symbol = SYMBOLS[index % 2] ?? 'BTCUSDT';
        const side = index % 4 < 2 ? 'buy' : 'sell';
        const away = (side === 'buy' ? -1 : 1) * (20 + index);
        const price = symbol === 'BTCUSDT' ? 60_000 + away * 10 : 3_000 + away;
        const limit = { order_type: 'limit', limit_price: price, requested_notional: 200 + index };
        return world.place({ symbol, side, ...limit }, tokens[index]);
      }),
    );
  }
  it('BY-09 lets 100 parallel clients overspend nothing: resting orders of both sides', async () => {
    await quote(clients);
    await checkCaps('100 resting orders at once');
    const books = await world.books();
    for (const symbol of SYMBOLS)
      assert.equal(new Set(openOrders(books, symbol).map(({ side }) => side)).size, 2, `both sides of ${symbol}`);
  });
  it('BY-09 lets one of 100 agents that quote at once hold a symbol, and refuses the others', async () => {
    const agents = Array.from({ length: CLIENTS }, (_, index) => world.createAgent(`quoter-${index}`));
    const answers = await quote(agents);
    await untilAllAnswered(world);
    const refused = answers.filter((answer) => codesOf(answer).includes('SYMBOL_HELD'));
    assert.equal(refused.length, CLIENTS - SYMBOLS.length);
    const books = await world.books();
    for (const symbol of SYMBOLS) assert.equal(openOrders(books, symbol).length, 1, symbol);
  });
  it('BY-09 lets one of the agents that are decided in one instant hold a symbol', async () => {
    await world.advance(1_000);
    const calls = [...SYMBOLS, ...SYMBOLS].flatMap((symbol) =>
      (['buy', 'sell'] as const).map((side) => ({
        tool: 'place_order' as const,
        args: { ...order({ symbol, side, requested_notional: 150 }) } as PlaceOrderArgs,
      })),
    );
    const decisions = await decidedAtOnce(world, calls, ['a', 'b', 'c', 'd', 'a', 'b', 'c', 'd']);
    for (const [index, decision] of decisions.entries()) {
      const codes = decision.reasons.map((reason) => reason.code);
      const isSell = index % 2 === 1;
      assert.equal(decision.decision === 'BLOCK', isSell, `${index}: ${codes.join(', ')}`);
      assert.equal(codes.includes('SYMBOL_HELD'), isSell, `${index}: ${codes.join(', ')}`);
    }
    await untilAllAnswered(world);
    assert.ok((await world.books()).positions.every((position) => Number(position.quantity) >= 0));
  });
  it('BY-09 lets 100 parallel clients overspend nothing: market, limit and modify at once', async () => {
    const { body } = await world.place(
      { order_type: 'limit', limit_price: 59_000, requested_notional: 200 },
      clients[0],
    );
    const id = body.execution.orders[0]?.client_order_id;
    await Promise.all([
      race((index) =>
        order({
          symbol: SYMBOLS[index % 2],
          requested_notional: 150 + index,
          ...(index % 3 === 0
            ? { order_type: 'limit', limit_price: index % 2 === 0 ? 59_500 - index : 2_950 - index }
            : {}),
        }),
      ),
      ...Array.from({ length: 10 }, (_, index) =>
        world.tool('modify_order', { client_order_id: id, requested_notional: 300 + 60 * index }, clients[0]),
      ),
    ]);
    await world.refresh();
    await checkCaps('everything at once');
  });
  it('BY-09 lets no race through one request id or one token', async () => {
    const earlier = await world.books();
    const same = order({ request_id: 'one-and-only', requested_notional: 200 });
    const answers = await Promise.all(Array.from({ length: CLIENTS }, () => world.tool('place_order', same)));
    assert.equal(new Set(answers.map((answer) => answer.body.decision.decision_id)).size, 1);
    assert.equal(newOrders(await world.books(), earlier).length, 1);
  });

  it('BY-35 gives advice that binds nobody: parallel permissions are decided again when they are used [AN-54 AN-64]', async () => {
    const args = (index: number): object => order({ symbol: SYMBOLS[index % 2], requested_notional: 900 + index });
    const advice = await leavesTheBooksAlone(world, 'advice', () =>
      Promise.all(
        clients.flatMap((token, index) => [
          world.intercept('place_order', args(index), token),
          world.dryRun('place_order', args(index), token),
        ]),
      ),
    );
    for (const { body } of advice) {
      assert.notEqual(body.decision.decision, 'BLOCK');
      assert.equal(body.decision.binding, false);
    }
    const answers = await race(args);
    assert.ok(answers.some(isPermitted) && !answers.every(isPermitted));
    await world.refresh();
    await checkCaps('advice used as permission');
  });
  it('BY-35 reserves nothing for advice and paces nobody by it', async () => {
    const before = (await world.limits('BTCUSDT')).symbols[0];
    const used = order({ requested_notional: 482, request_id: 'advised' });
    await Promise.all(Array.from({ length: 50 }, () => world.intercept('place_order', used)));
    await Promise.all(Array.from({ length: 50 }, () => world.dryRun('place_order', used)));
    assert.deepEqual((await world.limits('BTCUSDT')).symbols[0], before);
    const { body } = await world.tool('place_order', used);
    assert.equal(body.decision.decision, 'ALLOW');
  });
  it('BY-35 takes no decision id of advice as permission or as proof of an answer', async () => {
    const advice = await world.intercept('place_order', order({ requested_notional: 900 }));
    const id = advice.body.decision.decision_id;
    const earlier = await world.books();
    assert.equal((await world.call('POST', `/v1/decisions/${id}`, {})).status, 405);
    const { body } = await world.place({ requested_notional: 5_000, after_decision_id: id, request_id: id });
    assert.equal(body.decision.decision, 'LIMIT');
    const sent = newOrders(await world.books(), earlier);
    assert.ok(sent.every((each) => Number(each.quantity) * 60_000 <= 1000));
  });

  // Last: the crash leaves an extreme regime behind.
  it('BY-10 counts resting orders as if all filled: a crash that fills every one stays inside the caps', async () => {
    for (let index = 0; index < 40; index += 1) {
      const symbol = SYMBOLS[index % 2] ?? 'BTCUSDT';
      const price = symbol === 'BTCUSDT' ? 59_800 - 10 * index : 2_990 - index;
      await world.place({ symbol, order_type: 'limit', limit_price: price, requested_notional: 170 });
    }
    const placed = await world.books();
    const worst = new Map(SYMBOLS.map((symbol) => [symbol, worstUsdt(placed, symbol)] as const));
    await checkCaps('resting orders');
    // The exchange alone moves: the daemon has no time to take anything back.
    await world.control('set-mark', { symbol: 'BTCUSDT', price: '57000' });
    await world.control('set-mark', { symbol: 'ETHUSDT', price: '2850' });
    const books = await world.books();
    for (const [symbol, mark] of [
      ['BTCUSDT', 60_000],
      ['ETHUSDT', 3_000],
    ] as const) {
      const held = Number(books.positions.find((position) => position.symbol === symbol)?.quantity) * mark;
      assert.ok(held > 500, `nothing filled of ${symbol}`);
      assert.ok(held <= (worst.get(symbol) ?? 0) + 1e-6, `${symbol}: ${held} of ${worst.get(symbol)}`);
    }
  });
});

describe('ways around a gate: races of pace and places', () => {
  const world = suiteWorld({
    policy: (spec) => {
      spec.budgets.order_rate = { max: 5, window_ms: 60_000 };
      spec.budgets.concurrent_positions = 1;
      for (const regime of Object.values(spec.market.regimes)) regime.slices = 1;
    },
  });

  it('BY-09 sends no more orders than the rate of the account, and opens no more symbols than there are places', async () => {
    const tokens = Array.from({ length: CLIENTS }, (_, index) => world.createAgent(`pacer-${index}`));
    await Promise.all(
      tokens.map((token, index) => world.place({ symbol: SYMBOLS[index % 2], requested_notional: 130 }, token)),
    );
    await untilAllAnswered(world);
    const books = await world.books();
    assert.ok(books.orders.length > 0 && books.orders.length <= 5, `${books.orders.length} orders were sent`);
    assert.equal(books.positions.filter((position) => Number(position.quantity) !== 0).length, 1);
  });
});
