import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { AlertEvent } from '../../../daemon/engine/records/events.ts';
import { DaemonWorld, order, until } from '../../daemon/harness.ts';

describe('a position that the venue liquidates', () => {
  let world: DaemonWorld;
  before(async () => {
    world = await DaemonWorld.start({ wall: true });
    await world.setMark('BTCUSDT', 60_000);
  });
  after(() => world.close());

  const alerts = (): readonly AlertEvent[] =>
    [...world.daemon.ledger.iterateEvents({ kind: 'alert' })]
      .map((event) => event.payload as AlertEvent)
      .filter(({ code }) => code === 'LIQUIDATED');

  it('is told to people, once', async () => {
    await world.tool('place_order', order({ requested_notional: 600, requested_leverage: 3 }));
    assert.ok((await world.position('BTCUSDT')) > 0);
    await world.setMark('BTCUSDT', 35_000);
    await until('it is liquidated', async () => (await world.books()).liquidations.length === 1);
    await until('it is told', () => alerts().length > 0, 90_000);
    await world.sleep(150_000);
    assert.deepEqual(
      alerts().map(({ symbol }) => symbol),
      ['BTCUSDT'],
    );
    await world.restart();
    await world.sleep(90_000);
    assert.equal(alerts().length, 1, 'nor again after a restart');
  });
});
