import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FlattenBody } from '../../daemon/contract/types/operator.ts';
import { createClient, limitOrder, marketOrder } from '../exchange-sim/signed-client.ts';
import { DaemonWorld, until } from './harness.ts';

const SYMBOLS = ['BTCUSDT', 'ETHUSDT'];
/** Far below the market. */
const BID = { ...limitOrder('BUY', '0.05', '2000'), symbol: 'ETHUSDT' };

interface Flattened {
  readonly body: FlattenBody;
  /** When the halt was recorded, in time of the world. */
  readonly haltedAtMs: number;
  /** What changes something at the exchange and was sent since then, in this order. */
  readonly sent: readonly { readonly what: string; readonly sentAtMs: number }[];
  /** When the answers to lists of open orders came that were asked for since then. */
  readonly listedAtMs: readonly number[];
}

async function flatten(world: DaemonWorld, symbols?: readonly string[]): Promise<Flattened> {
  const { core } = world.daemon.gate;
  const { records, looks } = world.wire;
  const halted = { atMs: Number.NaN, records: 0, looks: 0 };
  const { onAppended } = core;
  core.onAppended = (event) => {
    onAppended?.(event);
    if (event.kind !== 'state' || event.payload.flatten !== true || halted.atMs > 0) return;
    Object.assign(halted, { atMs: world.monotonicMs(), records: records.length, looks: looks.length });
  };
  const { body } = await world.operator<FlattenBody>('POST', '/v1/flatten', { reason: 'test', symbols });
  core.onAppended = onAppended;
  const sent = records.slice(halted.records).map(({ method, params, sentAtMs }) => {
    const isExit = method === 'POST' && params.text('reduceOnly') === 'true';
    return { what: isExit ? `exit ${params.text('symbol')}` : method, sentAtMs };
  });
  const listedAtMs = looks
    .slice(halted.looks)
    .flatMap(({ what, answeredAtMs }) => (what.endsWith('list') && answeredAtMs !== null ? [answeredAtMs] : []));
  return { body, haltedAtMs: halted.atMs, sent, listedAtMs };
}

async function open(world: DaemonWorld): Promise<void> {
  for (const symbol of SYMBOLS) {
    await world.mustPlace('filled', { symbol, requested_notional: 300 });
  }
}

/**
 * So many opening orders rest at the exchange, the first one an agent's, and the daemon knows them. A person's rest in
 * another symbol: an agent's would not stay beside them.
 */
async function rest(world: DaemonWorld, count: number): Promise<void> {
  const person = createClient(world.sim);
  if (count > 0) await world.place({ order_type: 'limit', limit_price: 58_000 });
  for (let i = 1; i < count; i += 1) {
    const placed = await person.send('POST', '/fapi/v1/order', BID);
    assert.equal(placed.status, 200, JSON.stringify(placed.body));
  }
  await world.refresh();
  assert.equal(world.daemon.gate.openOrderCount(), count);
}

async function isFlat(world: DaemonWorld): Promise<boolean> {
  const { orders, positions } = await world.books();
  return positions.every(({ quantity }) => Number(quantity) === 0) && orders.every(({ status }) => status !== 'NEW');
}

for (const resting of [0, 20, 200])
  for (const asked of [undefined, SYMBOLS])
    describe(`a flatten of ${asked === undefined ? 'the account' : 'its symbols'} with ${resting} resting orders`, () => {
      it('sends its exits at once and before any cancel, and waits for no list [AN-167 EX-59 EX-60]', async (t) => {
        const world = await DaemonWorld.of(t, { sim: { balance: 100_000 } });
        await open(world);
        await rest(world, resting);
        const { body, haltedAtMs, listedAtMs, sent } = await flatten(world, asked);
        const exits = sent.filter(({ what }) => what.startsWith('exit'));
        assert.deepEqual(exits.map(({ what }) => what).sort(), ['exit BTCUSDT', 'exit ETHUSDT']);
        assert.deepEqual(
          exits.map(({ sentAtMs }) => sentAtMs),
          [haltedAtMs, haltedAtMs],
        );
        assert.deepEqual(sent.slice(0, exits.length), exits, 'cancels go out after them');
        assert.equal(sent.filter(({ what }) => what === 'DELETE').length, resting);
        assert.ok(listedAtMs.length > 0 && listedAtMs.every((atMs) => atMs > haltedAtMs));
        assert.equal(body.canceled, true, body.note);
        assert.deepEqual(body.positions_left, []);
        assert.equal(await isFlat(world), true);
      });
    });

describe('a flatten of the account', () => {
  it('takes nothing for a conflict before the exchange says so, and closes then', async (t) => {
    const world = await DaemonWorld.of(t);
    await open(world);
    const profit = { symbol: 'BTCUSDT', intent: 'close', side: 'sell', order_type: 'limit', limit_price: 90_000 };
    await world.mustPlace('working', { ...profit, requested_notional: 10_000 });
    const { body, sent } = await flatten(world);
    assert.deepEqual(
      sent.filter(({ what }) => what !== 'exit ETHUSDT').map(({ what }) => what),
      ['exit BTCUSDT', 'DELETE', 'exit BTCUSDT'],
    );
    assert.deepEqual(body.positions_left, []);
    await until('it is flat', () => isFlat(world));
  });

  for (const [what, exit] of [
    ['a take-profit', { order_type: 'limit', limit_price: 90_000, requested_notional: 100 }],
    ['a part', { requested_notional: 100 }],
  ] as const)
    it(`sends its exit beside ${what} of an operator that is on its way [EX-59]`, async (t) => {
      const world = await DaemonWorld.of(t);
      await open(world);
      await world.fault({ kind: 'delay', ms: 3_000, match: { method: 'POST', path: '/fapi/v1/order' } });
      const asked = world.place({ intent: 'close', side: 'sell', ...exit }, world.token('operator'));
      await until(
        'it is on its way',
        () => world.wire.records.length > 0 && world.daemon.gate.core.state.claims.open.size === 1,
      );
      const { body, haltedAtMs, sent } = await flatten(world);
      assert.deepEqual(
        sent
          .filter(({ sentAtMs }) => sentAtMs === haltedAtMs)
          .map(({ what: one }) => one)
          .sort(),
        ['exit BTCUSDT', 'exit ETHUSDT'],
      );
      assert.deepEqual(body.positions_left, []);
      await asked;
      await until('it is flat', () => isFlat(world));
    });

  it('closes what the daemon has not heard of yet', async (t) => {
    const world = await DaemonWorld.of(t);
    await world.hand('POST', '/fapi/v1/order', marketOrder('BUY', '0.005'));
    const { body } = await flatten(world);
    assert.equal(body.canceled, true, body.note);
    assert.deepEqual(body.positions_left, []);
    assert.equal(await isFlat(world), true);
  });
});
