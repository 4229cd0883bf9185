import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { VenuePort } from '../../../../daemon/driver/ports.ts';
import type { OrderState } from '../../../../daemon/engine/orders/orders.ts';
import type { LookupOutcome } from '../../../../daemon/engine/records/venue.ts';
import { openOrders } from '../../../bypasses/attempts.ts';
import { codesIn, until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { type Client, createClient } from '../../../exchange-sim/signed-client.ts';
import { inLots } from '../../fold-fixture.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

describe('what the open list shows counts, whatever became of it before (BY-32)', () => {
  const world = suiteWorld({
    policy: {
      ...UNPACED,
      'account.concentration': { share: 0.99, floor_usdt: 3_000 },
      protection: { required: true, stop_bps: 300 },
      'standing.on_breach': 'hold',
    },
  });
  let human: Client;
  /** Orders that a lagging copy of the venue's books does not have, for so many lookups. */
  let hidden: string | null = null;
  let lookups = 0;
  before(async () => {
    human = createClient(world.sim);
    const venue = world.daemon.gate.core.ports.venue as Writable<VenuePort>;
    const { fetchOpenOrders, lookupOrder } = venue;
    venue.fetchOpenOrders = async (symbols) => {
      const answer = await fetchOpenOrders(symbols);
      if (answer.kind !== 'ok' || lookups === 0) return answer;
      const rows = answer.value.rows.filter((listed) => listed.clientOrderId !== hidden);
      return { ...answer, value: { ...answer.value, rows } };
    };
    venue.lookupOrder = async (symbol, id, kind): Promise<LookupOutcome> => {
      if (id !== hidden || lookups === 0) return lookupOrder(symbol, id, kind);
      lookups -= 1;
      return { kind: 'not_found' };
    };
  });

  const known = (id: string): OrderState | undefined => world.daemon.gate.core.state.orders.all.get(id);
  const rest = (id: string, quantity: string, price = '59000') =>
    human.send('POST', '/fapi/v1/order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT',
      timeInForce: 'GTC',
      quantity,
      price,
      newClientOrderId: id,
    });
  const cancel = (id: string) => human.send('DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: id });
  const live = (id: string): boolean =>
    [...(world.daemon.gate.core.state.orders.live.get('BTCUSDT') ?? [])].some((one) => one.clientOrderId === id);
  const reserved = async (): Promise<number> => {
    const line = (await world.limits('BTCUSDT')).symbols[0]?.budgets.find(
      (budget) => budget.component === 'symbol_notional_usdt',
    );
    return Math.round(line?.reserved ?? -1);
  };

  it('counts a foreign order under an id whose first order had ended, also one that took its place unseen', async () => {
    await rest('grid-1', '0.002');
    await world.refresh();
    await cancel('grid-1');
    await world.refresh();
    assert.equal(known('grid-1')?.status, 'canceled', 'the first has ended');
    await rest('grid-1', '0.030');
    await world.refresh();
    assert.deepEqual([inLots(known('grid-1')?.quantityE8), await reserved()], [30, 1_800], 'the second counts');
    await cancel('grid-1');
    await rest('grid-1', '0.032');
    await world.refresh();
    assert.deepEqual(
      [inLots(known('grid-1')?.quantityE8), await reserved()],
      [32, 1_920],
      'and so does the third, at once',
    );
    const { body } = await world.place({ order_type: 'limit', limit_price: 59_500, requested_notional: 1_000 });
    assert.deepEqual(codesIn(body).slice(0, 1), ['SYMBOL_UNOWNED'], 'no agent opens beside it');
    await cancel('grid-1');
    await world.tool('cancel_all', {});
    await world.refresh();
    assert.deepEqual([live('grid-1'), openOrders(await world.books()).length], [false, 0], 'all of it ends');
  });

  it('lets a foreign order go only when its absence repeats and lasts', async () => {
    await rest('web_1', '0.032');
    await world.refresh();
    hidden = 'web_1';
    lookups = 1;
    await world.advance(2_000);
    assert.deepEqual([lookups, live('web_1'), await reserved()], [0, true, 1_920], 'one old answer proves nothing');
    await world.refresh();
    lookups = 2;
    await world.advance(30_000);
    await world.advance(30_000);
    assert.deepEqual([lookups, live('web_1')], [0, true], 'nor do two, which are not in a row with the first');
    await world.advance(1_000);
    lookups = 3;
    for (const [ms, isLive] of [
      [1_000, true],
      [1_000, true],
      [30_000, false],
    ] as const) {
      await world.advance(ms);
      assert.equal(live('web_1'), isLive, `${lookups} answers to come`);
    }
    // The copy has caught up: the order was there all the time.
    await world.refresh();
    assert.deepEqual([live('web_1'), known('web_1')?.status, await reserved()], [true, 'working', 1_920]);
    await cancel('web_1');
    await world.refresh();
    assert.equal(live('web_1'), false, 'found as canceled, it ends at once');
  });

  it('counts an own order again that was thought gone for a while', async () => {
    const place = async (fields: object): Promise<string> => {
      const { body } = await world.place({ requested_notional: 200, ...fields });
      return body.execution?.orders[0]?.client_order_id ?? '';
    };
    const lost = await place({ order_type: 'limit', limit_price: 59_100 });
    await world.refresh();
    assert.equal(live(lost), true);
    hidden = lost;
    lookups = 1_000;
    await until(
      'it counts as gone',
      world.advancing(5_000, () => known(lost)?.status === 'canceled'),
    );
    await world.advance(120_000);
    lookups = 0;
    await world.refresh();
    assert.deepEqual([live(lost), known(lost)?.status], [true, 'working']);
    await world.tool('cancel_all', {});
    await world.refresh();
    assert.equal(live(lost), false);
  });

  it('does not take an old list for a life after the end', async () => {
    await rest('web_2', '0.002');
    await world.refresh();
    const venue = world.daemon.gate.core.ports.venue as Writable<VenuePort>;
    const fetchOpenOrders = venue.fetchOpenOrders;
    const old = await fetchOpenOrders([]);
    await cancel('web_2');
    await world.refresh();
    venue.fetchOpenOrders = async () => old;
    await world.refresh();
    venue.fetchOpenOrders = fetchOpenOrders;
    assert.equal(known('web_2')?.status, 'canceled', 'a lookup knows better');
  });

  it('keeps one stop, also after an answer that did not know it, and takes it away when flat', async () => {
    const stops = async (): Promise<readonly string[]> =>
      (await world.books()).algo_orders
        .filter((algo) => algo.status === 'NEW')
        .map((algo) => String(algo.client_algo_id));
    const { body } = await world.place({ requested_notional: 300 });
    assert.notEqual(body.decision.decision, 'BLOCK', JSON.stringify(body.decision.reasons));
    await until(
      'its stop',
      world.advancing(1_000, async () => (await stops()).length === 1),
    );
    const [stop = ''] = await stops();
    hidden = stop;
    lookups = 1;
    for (let i = 0; i < 4; i += 1) await world.advance(3_000);
    assert.deepEqual([lookups, await stops(), live(stop)], [0, [stop], true], 'no second stop beside it');
    lookups = 3;
    for (let i = 0; i < 4; i += 1) await world.advance(5_000);
    assert.deepEqual([live(stop), (await stops()).includes(stop)], [true, true], 'given up and found again');
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await until(
      'no stop is left',
      world.advancing(3_000, async () => (await stops()).length === 0),
    );
    assert.equal(await world.position('BTCUSDT'), 0, 'flat');
  });

  it('folds to the same orders after a restart (SAE-AUDIT)', async () => {
    const shown = () =>
      [...world.daemon.gate.core.state.orders.all.values()].map((one) => [
        one.clientOrderId,
        one.venueOrderId,
        one.status,
        one.agent,
      ]);
    await rest('grid-1', '0.003');
    await world.refresh();
    const before = shown();
    await world.restart();
    assert.deepEqual(shown(), before);
    assert.equal(live('grid-1'), true, 'the fourth of its id');
  });
});
